# SPDX-License-Identifier: Apache-2.0 OR MIT
"""The rules of docs/style.md that a program can check. Each takes one file (or the tree) and yields findings.

To add a rule: write a function here, put it into FILE_RULES or TREE_RULES, and give tidy_rules_test.py a snippet that
breaks it and one that does not.
"""

import collections
import pathlib
import re

import cpp_text

Finding = collections.namedtuple("Finding", "path line rule message")

SOURCE_LINES_MAX = 600
HEADER_LINES_MAX = 250
TEST_LINES_MAX = 800
FUNCTION_LINES_MAX = 70

# A file or function that may be longer, with the reason. Keep it short: the usual answer is to find the second concept.
LONG_FILES = {"src/base/limits.h": "one table of every bound in the program: in two files it would not be looked through"}
LONG_FUNCTIONS = {}

# Folders where a coroutine may be written; elsewhere logic does not suspend.
COROUTINE_FOLDERS = {"aio", "ipc", "supervisor", "runtime", "alme", "worker", "host", "cli", "apps"}
# Only here is a coroutine started that nobody awaits: TaskScope owns it.
DETACHED_FILES = {"src/aio/task_scope.h", "src/aio/task_scope.cc"}
# Defines the macros that hold the keyword.
COROUTINE_MACROS = {"src/base/result.h"}

ASIO_FOLDERS = COROUTINE_FOLDERS | {"engine"}
# Third parties enter through one door each: header prefix -> folders of src/.
DOORS = [
    ("toml++/", {"manifest"}),
    ("sqlite3.h", {"store"}),
    ("archive.h", {"store"}),
    ("archive_entry.h", {"store"}),
    ("sodium", {"store"}),
    ("boost/json", {"wire", "ipc", "alme_proto", "alme", "cli"}),
    ("boost/asio", ASIO_FOLDERS),
    ("boost/system", ASIO_FOLDERS | {"wire"}),
    ("boost/", set()),
    ("tl/", {"base"}),
    ("spdlog/", {"base"}),
    ("fmt/", {"base"}),
    ("CLI/", {"cli", "apps"}),
    ("histedit.h", {"cli"}),
    ("editline/", {"cli"}),
    ("seccomp.h", {"worker"}),
    ("linux/seccomp.h", {"worker"}),
    ("linux/landlock.h", {"worker"}),
    ("systemd/", {"apps"}),
    ("prometheus/", {"runtime"}),
    ("rust/", {"engine"}),
    ("gtest/", set()),
    ("gmock/", set()),
    ("benchmark/", set()),
]
# Angle includes with a slash that are the system's own.
SYSTEM_PREFIXES = ("sys/", "linux/", "netinet/", "arpa/", "asm/", "bits/", "experimental/")


class File:
    """One text file of the tree; `path` is relative to the root, with slashes."""

    def __init__(self, path, text):
        self.path = path
        self.text = text
        parts = pathlib.PurePosixPath(path)
        self.suffix = parts.suffix
        self.is_cpp = self.suffix in (".cc", ".h")
        self.is_test = parts.name.endswith("_test.cc") or path.startswith("tests/") or "/testing/" in path
        # The folder below src/ that decides what the file may use; None outside src/.
        self.folder = parts.parts[1] if parts.parts[0] == "src" and len(parts.parts) > 2 else None
        self.code = cpp_text.strip(text) if self.is_cpp else text

    def finding(self, offset_or_line, rule, message, is_offset=True):
        line = cpp_text.line_of(self.text, offset_or_line) if is_offset else offset_or_line
        return Finding(self.path, line, rule, message)


class Tree:
    """All files, and what CMake says about the folders."""

    def __init__(self, files, root=None):
        self.files = {file.path: file for file in files}
        self.root = root
        self.levels = self._levels()
        self.modules = {folder: self._module(folder) for folder in self.levels}

    def _levels(self):
        table = self.files.get("cmake/layers.cmake")
        found = re.findall(r"^set\(ARCELLA_LEVEL_(\d+) ([^)]*)\)", table.text if table else "", re.MULTILINE)
        return {folder: int(level) for level, folders in found for folder in folders.split()}

    def _module(self, folder):
        """The lists given to arcella_module(), by keyword; None if the folder has no such call."""
        lists = self.files.get(f"src/{folder}/CMakeLists.txt")
        call = re.search(rf"arcella_module\(\s*{folder}\b([^)]*)\)", lists.text if lists else "")
        if not call:
            return None
        module = collections.defaultdict(list)
        keyword = None
        for word in re.sub(r"#[^\n]*", "", call.group(1)).split():
            if word.isupper():
                keyword = word
            else:
                module[keyword].append(word)
        return module

    def reachable(self, folders):
        """The folders whose headers come with linking to these: they and what they pass on."""
        seen = set()
        waiting = list(folders)
        while waiting:
            folder = waiting.pop()
            if folder in seen or folder not in self.levels:
                continue
            seen.add(folder)
            waiting += (self.modules[folder] or {}).get("PUBLIC", [])
        return seen


def layers(file, tree):
    """An include goes to a lower folder, and to one that the folder's CMakeLists.txt names."""
    if not file.is_cpp or file.folder is None:
        return
    if file.folder not in tree.levels:
        yield file.finding(1, "layers", f"src/{file.folder} has no level in cmake/layers.cmake", False)
        return
    module = tree.modules[file.folder]
    allowed = tree.reachable(_dependencies(file, module)) if module else None
    for line, name in cpp_text.includes(file.text):
        if name[0] != '"':
            continue
        target = name[1:-1].split("/")[0]
        if target not in tree.levels:
            if file.folder != "engine":  # the bridge's generated headers
                yield file.finding(line, "layers", f"{name}: include from src/, as \"folder/file.h\"", False)
        elif target == file.folder:
            continue
        elif tree.levels[target] >= tree.levels[file.folder]:
            yield file.finding(line, "layers", f"{name}: {file.folder} may not use {target}, which is not below it", False)
        elif allowed is not None and target not in allowed:
            kind = "PUBLIC" if file.suffix == ".h" and not file.is_test else "PRIVATE (or PUBLIC)"
            yield file.finding(line, "layers", f"{name}: src/{file.folder}/CMakeLists.txt must name {target} as {kind}", False)


def _dependencies(file, module):
    if file.suffix == ".h" and not file.is_test:
        return module["PUBLIC"]
    return module["PUBLIC"] + module["PRIVATE"] + (module["TEST_LINK"] if file.is_test else [])


def doors(file, tree):
    """A third party's header is included only in its folder."""
    if not file.is_cpp or file.folder is None:
        return
    for line, name in cpp_text.includes(file.text):
        header = name[1:-1]
        if name[0] != "<":
            continue
        if file.is_test and header.startswith(("gtest/", "gmock/")):
            continue
        door = next((folders for prefix, folders in DOORS if header.startswith(prefix)), None)
        if door is None:
            if "/" in header and not header.startswith(SYSTEM_PREFIXES):
                yield file.finding(line, "doors", f"{name}: no door for this library in tests/tidy/tidy_rules.py", False)
        elif file.folder not in door:
            where = "src/" + ", src/".join(sorted(door)) if door else "tests"
            yield file.finding(line, "doors", f"{name}: only in {where}", False)


def sizes(file, tree):
    if not file.is_cpp or file.path.startswith("examples/"):
        return
    lines = file.text.count("\n")
    bound = TEST_LINES_MAX if file.is_test else HEADER_LINES_MAX if file.suffix == ".h" else SOURCE_LINES_MAX
    if lines > bound and file.path not in LONG_FILES:
        yield file.finding(lines, "sizes", f"{lines} lines; at most {bound}: find the second concept", False)
    for line, name, length in cpp_text.functions(file.text):
        if length > FUNCTION_LINES_MAX and (file.path, name) not in LONG_FUNCTIONS:
            yield file.finding(line, "sizes", f"{name} has {length} lines; at most {FUNCTION_LINES_MAX}", False)


def coroutines(file, tree):
    if not file.is_cpp or file.path in COROUTINE_MACROS:
        return
    if file.folder is not None and file.folder not in COROUTINE_FOLDERS and not file.is_test:
        for match in re.finditer(r"\bco_(await|return|yield)\b", file.code):
            yield file.finding(match.start(), "coroutines", f"{match.group()}: src/{file.folder} holds no coroutines")
    if file.path not in DETACHED_FILES:
        for match in re.finditer(r"\bdetached\b", file.code):
            yield file.finding(match.start(), "coroutines", "detached: spawn it in a TaskScope")
    # The closure dies with the full expression, the coroutine reads it afterwards.
    lambda_coroutine = r"(?<![\w\]\)])\[[^\[\]]+\]\s*\([^{};]*?\)\s*(?:mutable\s*)?(?:noexcept\s*)?->\s*[\w:]*(?:awaitable|Task)\b"
    for match in re.finditer(lambda_coroutine, file.code):
        yield file.finding(match.start(), "coroutines", "a lambda coroutine may not capture: pass arguments by value")
    # GCC 12 destroys a temporary aggregate in the same full expression as a co_await twice.
    for match in re.finditer(r"\bco_await\b[^;{}]*?[(,]\s*(?:[\w:]+::)?(?:[A-Z]\w*)?\{", file.code):
        yield file.finding(match.start(), "coroutines", "build the argument in a named local, then await (GCC 12)")


def words(file, tree):
    """What no committed file may hold."""
    if file.path.startswith("tests/tidy/"):
        return
    for match in re.finditer(r"\b(TODO|FIXME|XXX|HACK)\b", file.text):
        yield file.finding(match.start(), "words", f"{match.group()}: open an issue and leave the code whole")
    for match in re.finditer(r"(?<![\w.])/(work|root)/", file.text):
        yield file.finding(match.start(), "words", f"{match.group()}: a path of one machine")
    if file.path.endswith("Cargo.lock"):
        for match in re.finditer(r'^source = "(?!registry\+https://github\.com/rust-lang/crates\.io-index")', file.text, re.MULTILINE):
            yield file.finding(match.start(), "words", "a crate that does not come from crates.io")


def waiting(file, tree):
    """No thread sleeps: it waits for the event, under a deadline. (A coroutine may: aio/await.h.)"""
    sleeps = r"\bthis_thread::sleep_\w+|\b(usleep|nanosleep|clock_nanosleep)\b|(?<![\w.>:])(::)?sleep\s*\("
    python_sleeps = r"\btime\.sleep\b"
    if file.path.startswith("tests/tidy/") or not file.path.startswith(("src/", "tests/")):
        return
    if file.is_cpp or file.suffix == ".py":
        for match in re.finditer(sleeps if file.is_cpp else python_sleeps, file.code):
            yield file.finding(match.start(), "waiting", f"{match.group()}: wait for the event under a deadline")


def language(file, tree):
    if not file.is_cpp or file.folder is None:
        return
    if file.suffix == ".h" and not re.search(r"^#pragma once$", file.text, re.MULTILINE):
        yield file.finding(1, "language", "no `#pragma once`", False)
    if not file.is_test:
        for match in re.finditer(r"\bthrow\b", file.code):
            yield file.finding(match.start(), "language", "throw: our code returns Result")
    if file.path != "src/base/mutex.h":
        for match in re.finditer(r"\bstd::(shared_|recursive_|timed_)?mutex\b", file.code):
            yield file.finding(match.start(), "language", f"{match.group()}: use Mutex of base/mutex.h, which clang can check")


def spdx(file, tree):
    name = pathlib.PurePosixPath(file.path).name
    scripts = file.path.startswith((".ci/", "script/")) and "." not in name
    if not scripts and file.suffix not in (".cc", ".h", ".c", ".rs", ".py", ".sh", ".cmake", ".wit", ".wat") and name != "CMakeLists.txt":
        return
    if "SPDX-License-Identifier: Apache-2.0 OR MIT" not in "\n".join(file.text.split("\n")[:4]):
        yield file.finding(1, "spdx", "no SPDX line at the top", False)


def links(file, tree):
    """A relative link in a page leads to a file of the tree."""
    if file.suffix != ".md":
        return
    without_code = re.sub(r"```.*?```", lambda m: re.sub(r"[^\n]", " ", m.group(0)), file.text, flags=re.DOTALL)
    for match in re.finditer(r"\]\(([^)\s#]+)(#[^)]*)?\)", without_code):
        target = match.group(1)
        if re.match(r"[a-z]+:", target):
            continue
        path = _normal(pathlib.PurePosixPath(file.path).parent / target)
        if path not in tree.files and not any(other.startswith(path + "/") for other in tree.files):
            yield file.finding(match.start(), "links", f"{target} does not exist")


def _normal(path):
    parts = []
    for part in path.parts:
        if part == ".." and parts:
            parts.pop()
        elif part != ".":
            parts.append(part)
    return "/".join(parts)


def dead_files(tree):
    """A source that no CMakeLists.txt names is compiled by nobody."""
    for path in sorted(tree.files):
        if not re.match(r"(src|tests|fuzz|bench)/.*\.cc$", path) or path.startswith("tests/guests/"):
            continue
        folder = pathlib.PurePosixPath(path).parent
        named = False
        while folder.parts and not named:
            lists = tree.files.get(f"{folder}/CMakeLists.txt")
            relative = pathlib.PurePosixPath(path).relative_to(folder)
            # By its path, also without the ending (`foreach(program a b)`), or by its bare name.
            names = f"{re.escape(str(relative.with_suffix('')))}(\\.cc)?|{re.escape(relative.name)}"
            named = lists is not None and re.search(rf"(?<![\w/])({names})(?![\w/])", lists.text) is not None
            folder = folder.parent
        if not named:
            yield Finding(path, 1, "dead_files", "no CMakeLists.txt names this source")


FILE_RULES = [layers, doors, sizes, coroutines, words, waiting, language, spdx, links]
TREE_RULES = [dead_files]


def check(tree):
    for path in sorted(tree.files):
        for rule in FILE_RULES:
            yield from rule(tree.files[path], tree)
    for rule in TREE_RULES:
        yield from rule(tree)
