"""Which lines of a conversation are left out of training: rules, each with a name."""

from __future__ import annotations

import re

# Whole words, in lower case; a stem that ends in "*" matches what begins with it.
_PROFANE = """
    af anal anus arse ass asses asshole* bastard* bitch* blowjob* bollock* boob boobs boner*
    bullshit* cock cocks cum cunt* damn* dick dicks dildo* dumbass* dyke* fag fags faggot*
    fuck* goddam* gook* handjob* hoe hoes hooker* horny jackass* jizz kike* kinky kkk lmao
    lmfao masturbat* milf* mofo* motherf* naked nazi* nigg* nude nudes nympho* omfg orgasm*
    paki* penis* piss pissed porn* prick* pussy* queer* rape raped rapist* retard* semen sex
    sexes sexist sexual* sexy shit* slut* spic stfu stripper* suicid* tits titties tranny
    twat* vagina* virgin virginity wank* wetback* whore* wtf
"""
_CONTACTS = (
    "snap ?chat|snap|insta(?:gram)?|facebook|fb|twitter|whats ?app|venmo|linkedin|discord|skype"
    "|number|e-?mail|address|user ?name"
)
_RULES = {
    "links": r"https?:|\bwww\.|\b[\w-]+\.(?:com|org|net|edu|gov|io|ly|me|tv)\b",
    "mail addresses and handles": r"[\w.+-]+@\w|(?<!\w)@\w",
    "long numbers": r"(?:\d[\s().+-]{0,2}){6,}\d",
    "profane words": rf"\b(?:{'|'.join(_PROFANE.split()).replace('*', chr(92) + 'w*')})\b",
    "names": (
        r"\bmy (?:\w+ )?name\b|\b(?:i am|i'm) called\b|\bcalls? me \w+\b"
        r"|(?-i:\b(?:I'?m|I am|[Tt]his is|[Tt]his's) [A-Z][a-z]+)"
    ),
    "contacts": (
        rf"\b(?:my|your|ur|ya) (?:\w+ )?(?:{_CONTACTS})\b"
        rf"|\b(?:add|call|dm|find|follow|message|text) me\b"
    ),
    "street addresses": (
        r"\b\d+ (?:[nsew]|north|south|east|west)\b"
        r"|\b\d+ (?:\w+ ){1,2}(?:street|st|avenue|ave|road|rd|drive|lane|ln|blvd|apt|apartment)\b"
    ),
}
_SEARCHES = {name: re.compile(pattern, re.IGNORECASE) for name, pattern in _RULES.items()}


def why_left_out(line: str) -> str | None:
    """Returns the name of the first rule that a line breaks; None if it may be trained on.

    The rules find what has a form: links, mail addresses, handles, numbers of seven digits or
    more, street addresses, introductions by name, offers of a contact, and profane words. A name
    that is only mentioned is not found.

    Args:
        line: what one person wrote.

    Example:
        >>> from kseq2seq.corpora.lines import why_left_out
        >>> why_left_out("call 801 555 0199"), why_left_out("Hi, I'm Ann!")
        ('long numbers', 'names')
        >>> why_left_out("I'm so glad that it is Friday. See you on class, at 10!") is None
        True
    """
    return next((name for name, rule in _SEARCHES.items() if rule.search(line)), None)
