"""Archives of the tests, unpacked by any Python that the package supports."""

import tarfile


def unpack(path, folder, member=None):
    """Unpacks a tar archive of this repository, or one file of it, into a folder."""
    # Python 3.11.4 brought filters, and later ones warn where none is given
    options = {"filter": "data"} if hasattr(tarfile, "data_filter") else {}
    with tarfile.open(path) as archive:
        if member is None:
            archive.extractall(folder, **options)
        else:
            archive.extract(member, folder, **options)
