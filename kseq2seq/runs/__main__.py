"""`python -m kseq2seq.runs` prints the table of runs."""

import sys

from kseq2seq.runs.table import main

if __name__ == "__main__":
    sys.exit(main())
