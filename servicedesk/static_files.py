"""Static files in production: each name holds a hash of the content, those that modules import as well.

A phone keeps pages of one deployment while the next one is out. With hashed imports no script of the one
ever meets a script of the other, and a file that is kept never goes stale.
"""

from whitenoise.storage import CompressedManifestStaticFilesStorage


class HashedModules(CompressedManifestStaticFilesStorage):
    """Manifest storage that also rewrites what our own JavaScript modules import; others' stay."""

    patterns = (
        *CompressedManifestStaticFilesStorage.patterns,
        (
            "js/*.js",
            (
                (r"""(?P<matched>from "(?P<url>\./[\w-]+\.js)")""", 'from "%(url)s"'),
                (r"""(?P<matched>import "(?P<url>\./[\w-]+\.js)")""", 'import "%(url)s"'),
            ),
        ),
    )
