"""A run's place on disk: the profile folder of its source, with log and cache. Needs no loop."""

from __future__ import annotations

from typing import TYPE_CHECKING

from virtuoso_desktop.app.last_start import SourceFolder, demo_source_folder, remembered_source
from virtuoso_desktop.app.logs import RunLog
from virtuoso_desktop.kernel.imports import plain_imports
from virtuoso_desktop.kernel.paths import default_profile
from virtuoso_desktop.model.errors import StorageError
from virtuoso_desktop.storage.first_look import CacheReader, FirstLook
from virtuoso_desktop.storage.profile import Profile
from virtuoso_desktop.storage.user_files import UserFiles

if TYPE_CHECKING:
    from virtuoso_desktop.app.arguments import Options
    from virtuoso_desktop.kernel.log_lines import LogLines
    from virtuoso_desktop.settings.load import LoadedSettings
    from virtuoso_desktop.storage.cache import DiskCache

CACHE_FOLDER = "cache"
DESK_FOLDER = "desk"
EMPTIED_FOLDER = "demo-fast"


class RunFolder:
    """Opened before the window is painted, left at the very end.

    Parameters
    ----------
    options : Options
        What the user asked for.
    run_log : RunLog
        The log, without a file yet.

    Attributes
    ----------
    problems : list of str
        Why something cannot be kept, in words for the person.
    loaded : LoadedSettings or None
        The settings, if they had to be read before the source was known.
    user_files : UserFiles
        What the user made and arranged.
    """

    def __init__(self, options: Options, run_log: RunLog) -> None:
        self.root = options.profile or default_profile()
        self.profile: Profile | None = None
        self.cache: DiskCache | None = None
        self.problems: list[str] = []
        self.loaded: LoadedSettings | None = None
        self.user_files = UserFiles(None)
        self._options = options
        self._log = run_log

    def read_source(self) -> SourceFolder:
        """Source and folder of this run; reads the settings only if the previous start does not tell.

        Raises
        ------
        ConfigError
            Something the user named on the command line is wrong.
        """
        known = remembered_source(self._options, self.root)
        if known is not None:
            return known
        with plain_imports():
            from virtuoso_desktop.app import wiring

            self.loaded = wiring.read_settings(self._options, self.root)
            if self._options.demo:
                return demo_source_folder(self._options)
            source = wiring.make_plan(self._options, self.loaded, None).source
        return SourceFolder(source.source, source.folder)

    def open(self, name: str) -> None:
        """Take the folder. Raises StorageError when another instance holds it."""
        self.profile = Profile.open(self.root, name, emptied=name == EMPTIED_FOLDER)
        if self.profile.problem is not None:
            self.problems.append(self.profile.problem)
        self.user_files = UserFiles(self.profile.folder / DESK_FOLDER if self.profile.usable else None)

    @property
    def reader(self) -> CacheReader | None:
        """What was kept: read by the cache once it is open, before by a first look at its file."""
        if self.cache is not None:
            return self.cache
        profile = self.profile
        return FirstLook(profile.folder / CACHE_FOLDER) if profile is not None and profile.usable else None

    def open_cache(self) -> None:
        """Begin to keep values, where the folder is usable."""
        if self.profile is None or not self.profile.usable or self.cache is not None:
            return
        with plain_imports():
            from virtuoso_desktop.storage.cache import DiskCache
        try:
            self.cache = DiskCache(self.profile.folder / CACHE_FOLDER)
        except StorageError as error:
            self.problems.append(error.user_text)

    def open_log(self) -> None:
        """Write the log into the folder from now on; nowhere when nothing can be stored."""
        profile = self.profile
        self._log.open(profile.folder if profile is not None and profile.usable else None)

    @property
    def log_lines(self) -> LogLines:
        """The newest lines of the log."""
        return self._log.lines

    def set_stream_level(self, level: str) -> None:
        """How much the venues' streams tell the log."""
        self._log.set_stream_level(level)

    def leave(self) -> None:
        """Free the folder for other instances."""
        self.user_files.close()
        if self.cache is not None:
            self.cache.close()
            self.cache = None
        if self.profile is not None:
            self.profile.close()
            self.profile = None
        self._log.close()
