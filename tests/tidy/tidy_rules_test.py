# SPDX-License-Identifier: Apache-2.0 OR MIT
"""Each rule of tidy_rules.py against a snippet that breaks it and one that does not: a rule that finds nothing because
its pattern is wrong looks just like a clean tree."""

import unittest

import cpp_text
import tidy_rules
from tidy_rules import File, Tree

SPDX = "// SPDX-License-Identifier: Apache-2.0 OR MIT\n"
LAYERS = "set(ARCELLA_LEVEL_0 base)\nset(ARCELLA_LEVEL_1 wire wit)\nset(ARCELLA_LEVEL_2 aio model)\nset(ARCELLA_LEVEL_3 ipc)\n"
MODULES = {
    "src/base/CMakeLists.txt": "# SPDX-License-Identifier: Apache-2.0 OR MIT\narcella_module(base)",
    "src/wire/CMakeLists.txt": "arcella_module(wire SOURCES a.cc PUBLIC base)",
    "src/wit/CMakeLists.txt": "arcella_module(wit SOURCES a.cc PUBLIC base)",
    "src/model/CMakeLists.txt": "arcella_module(model SOURCES a.cc TESTS a_test.cc PRIVATE wit TEST_LINK wire)",
    "src/aio/CMakeLists.txt": "arcella_module(aio SOURCES a.cc task_scope.cc PUBLIC wire)",
    "src/ipc/CMakeLists.txt": "arcella_module(ipc\n  SOURCES a.cc\n  PUBLIC aio  # and so wire\n  PRIVATE model)",
}


def findings(path, text, rule):
    """What `rule` says about one file in a small tree."""
    files = [File("cmake/layers.cmake", LAYERS)] + [File(name, lists) for name, lists in MODULES.items()]
    files = [file for file in files if file.path != path] + [File(path, text)]
    return list(rule(File(path, text), Tree(files)))


class LayersTest(unittest.TestCase):
    def bad(self, path, include):
        self.assertEqual(len(findings(path, f'#include "{include}"\n', tidy_rules.layers)), 1, (path, include))

    def good(self, path, include):
        self.assertEqual(findings(path, f'#include "{include}"\n', tidy_rules.layers), [], (path, include))

    def test_an_include_goes_down(self):
        self.good("src/ipc/a.cc", "aio/loop.h")
        self.bad("src/aio/a.cc", "ipc/channel.h")
        self.bad("src/wire/a.cc", "wit/world.h")
        self.good("src/aio/a.cc", "aio/loop.h")

    def test_an_include_is_declared(self):
        self.good("src/ipc/a.cc", "wire/json.h")
        self.good("src/ipc/a.cc", "base/result.h")
        self.bad("src/ipc/a.cc", "wit/world.h")

    def test_a_header_needs_a_public_dependency(self):
        self.good("src/ipc/a.cc", "model/ids.h")
        self.bad("src/ipc/a.h", "model/ids.h")
        self.good("src/ipc/a.h", "aio/loop.h")

    def test_a_test_has_more(self):
        self.good("src/model/a_test.cc", "wire/json.h")
        self.bad("src/model/a.cc", "wire/json.h")
        self.bad("src/model/a_test.cc", "ipc/channel.h")

    def test_a_folder_has_a_level_and_an_include_a_folder(self):
        self.bad("src/util/a.cc", "base/result.h")
        self.bad("src/ipc/a.cc", "channel.h")

    def test_a_comment_includes_nothing(self):
        self.assertEqual(findings("src/aio/a.cc", '// #include "ipc/channel.h"\n', tidy_rules.layers), [])


class DoorsTest(unittest.TestCase):
    def test_a_library_has_one_door(self):
        for path, header, count in [
            ("src/manifest/a.cc", "toml++/toml.h", 0), ("src/store/a.cc", "toml++/toml.h", 1),
            ("src/store/a.cc", "sqlite3.h", 0), ("src/runtime/a.cc", "sqlite3.h", 1),
            ("src/wire/json.h", "boost/json.hpp", 0), ("src/model/a.cc", "boost/json.hpp", 1),
            ("src/ipc/a.cc", "boost/asio/awaitable.hpp", 0), ("src/model/a.cc", "boost/asio.hpp", 1),
            ("src/aio/a.cc", "boost/regex.hpp", 1), ("src/base/log.cc", "spdlog/spdlog.h", 0),
            ("src/base/a.cc", "sys/stat.h", 0), ("src/base/a.cc", "curl/curl.h", 1),
            ("src/base/a_test.cc", "gtest/gtest.h", 0), ("src/base/a.cc", "gtest/gtest.h", 1),
            ("src/base/a.cc", "vector", 0), ("tests/integration/a_test.cc", "boost/json.hpp", 0),
        ]:
            self.assertEqual(len(findings(path, f"#include <{header}>\n", tidy_rules.doors)), count, (path, header))


class SizesTest(unittest.TestCase):
    def count(self, path, text):
        return len(findings(path, text, tidy_rules.sizes))

    def test_files_are_bounded_by_their_kind(self):
        self.assertEqual(self.count("src/ipc/a.cc", "int a;\n" * 601), 1)
        self.assertEqual(self.count("src/ipc/a.cc", "int a;\n" * 600), 0)
        self.assertEqual(self.count("src/ipc/a.h", "int a;\n" * 251), 1)
        self.assertEqual(self.count("src/ipc/a_test.cc", "int a;\n" * 700), 0)
        self.assertEqual(self.count("src/ipc/a_test.cc", "int a;\n" * 801), 1)

    def test_functions_are_bounded(self):
        body = "  f();\n" * 69
        self.assertEqual(self.count("src/ipc/a.cc", "namespace a {\nvoid g() {\n" + body + "}\n}\n"), 1)
        self.assertEqual(self.count("src/ipc/a.cc", "namespace a {\nvoid g() {\n" + body[:-7] + "}\n}\n"), 0)

    def test_functions_are_found_wherever_they_stand(self):
        text = """
namespace arcella {
namespace {
struct Pair {
  int a = 0;
  [[nodiscard]] int sum() const { return a; }
};
constexpr int kTable[] = {1, 2};
}  // namespace
class [[nodiscard]] Thing final : public Base<int> {
 public:
  explicit Thing(int a) : Base(a), b_{a}, c_(a) {
    start();
  }
  bool operator()(const Thing& o) const {
    if (o.b_) { return "}" == o.text; }  // }
    return false;
  }
 private:
  std::map<int, int> b_{{1, 2}};
};
enum class Kind { A, B };
template <class T>
Result<void> Thing::run(std::span<const T> parts,
                        int n) && {
  auto f = [&](int x) { return x; };
  return {};
}
}  // namespace arcella
int main(int argc, char** argv) {
  return 0;
}
"""
        found = [(name, lines) for _, name, lines in cpp_text.functions(text)]
        self.assertEqual(found, [("sum", 1), ("Thing", 3), ("operator", 4), ("Thing::run", 6), ("main", 3)])


class CoroutinesTest(unittest.TestCase):
    def bad(self, text, path="src/ipc/a.cc"):
        self.assertEqual(len(findings(path, text, tidy_rules.coroutines)), 1, text)

    def good(self, text, path="src/ipc/a.cc"):
        self.assertEqual(findings(path, text, tidy_rules.coroutines), [], text)

    def test_only_some_folders_suspend(self):
        self.bad("co_await x;", "src/model/a.cc")
        self.bad("co_return x;", "src/store/a.cc")
        self.good("co_await x;")
        self.good("// co_await x;", "src/model/a.cc")
        self.good('f("co_await");', "src/model/a.cc")

    def test_detached_is_task_scope_s(self):
        self.bad("co_spawn(executor, run(), asio::detached);")
        self.good("co_spawn(executor, run(), asio::detached);", "src/aio/task_scope.cc")

    def test_a_lambda_coroutine_captures_nothing(self):
        self.bad("auto f = [this](int a) -> asio::awaitable<void> { co_return; };")
        self.bad("spawn([&]() mutable -> Task<int> { co_return 1; });")
        self.bad("spawn([x = 1](\n    int a) noexcept -> awaitable<void> { co_return; });")
        self.good("auto f = [](int a) -> asio::awaitable<void> { co_return; };")
        self.good("[[nodiscard]] asio::awaitable<void> run(int a);")
        self.good("[[nodiscard]] auto run(int a) -> asio::awaitable<void>;")
        self.good("auto f = [this](int a) -> int { return a; };")

    def test_arguments_are_built_before_the_await(self):
        self.bad("auto r = co_await call(Request{a, b});")
        self.bad("co_await call(x, model::Request{a});")
        self.bad("co_await call({a, b});")
        self.bad("ARCELLA_CO_TRY(auto r, co_await call(\n    Request{a}));")
        self.good("co_await call(std::move(request));")
        self.good("if (co_await ready()) { f({a}); }")
        self.good("co_await timer.async_wait(kToken);\nf({a});")


class WordsTest(unittest.TestCase):
    def count(self, text, path="src/ipc/a.cc"):
        return len(findings(path, text, tidy_rules.words))

    def test_words_of_unfinished_work(self):
        self.assertEqual(self.count("// TO" + "DO: x"), 1)
        self.assertEqual(self.count("// FIX" + "ME"), 1)
        self.assertEqual(self.count("name.XXXXXX"), 0)

    def test_paths_of_a_machine(self):
        self.assertEqual(self.count("cd /wo" + "rk/main", "script/x"), 1)
        self.assertEqual(self.count("/ro" + "ot/.cargo", "README.md"), 1)
        self.assertEqual(self.count("docs/work/x and ./root/x"), 0)

    def test_crates_come_from_one_place(self):
        good = 'source = "registry+https://github.com/rust-lang/crates.io-index"\n'
        self.assertEqual(self.count(good, "Cargo.lock"), 0)
        self.assertEqual(self.count(good + 'source = "git+https://example.com/x"\n', "Cargo.lock"), 1)


class SmallRulesTest(unittest.TestCase):
    def count(self, path, text, rule):
        return len(findings(path, text, rule))

    def test_no_thread_sleeps(self):
        self.assertEqual(self.count("src/aio/a.cc", "std::this_thread::sleep_for(1s);", tidy_rules.waiting), 1)
        self.assertEqual(self.count("tests/integration/a_test.cc", "::sleep(1);", tidy_rules.waiting), 1)
        self.assertEqual(self.count("src/aio/a.cc", "usleep(1);", tidy_rules.waiting), 1)
        self.assertEqual(self.count("src/aio/a.cc", "co_await sleep_for(1s);", tidy_rules.waiting), 0)
        self.assertEqual(self.count("tests/x.py", "time.sleep(1)", tidy_rules.waiting), 1)

    def test_headers_and_exceptions(self):
        self.assertEqual(self.count("src/aio/a.h", "int a;", tidy_rules.language), 1)
        self.assertEqual(self.count("src/aio/a.h", "#pragma once\n", tidy_rules.language), 0)
        self.assertEqual(self.count("src/aio/a.cc", "throw 1;", tidy_rules.language), 1)
        self.assertEqual(self.count("src/aio/a.cc", "// throw\nnothrow();", tidy_rules.language), 0)
        self.assertEqual(self.count("src/aio/a.cc", "std::mutex m;", tidy_rules.language), 1)

    def test_spdx(self):
        self.assertEqual(self.count("src/aio/a.cc", "int a;", tidy_rules.spdx), 1)
        self.assertEqual(self.count("src/aio/a.cc", SPDX + "int a;", tidy_rules.spdx), 0)
        self.assertEqual(self.count("script/build", "#!/bin/sh\n", tidy_rules.spdx), 1)
        self.assertEqual(self.count("README.md", "# x\n", tidy_rules.spdx), 0)

    def test_links_lead_somewhere(self):
        self.assertEqual(self.count("docs/x.md", "[a](../README.md)", tidy_rules.links), 1)
        self.assertEqual(self.count("docs/x.md", "[a](../cmake/layers.cmake#l) [b](https://x.y) [c](#d)", tidy_rules.links), 0)
        self.assertEqual(self.count("x.md", "[a](src/ipc)", tidy_rules.links), 0)

    def test_every_source_is_compiled(self):
        files = [File("src/ipc/CMakeLists.txt", "arcella_module(ipc SOURCES a.cc TESTS a_test.cc)")]
        files += [File(f"src/ipc/{name}.cc", "") for name in ("a", "a_test", "b")]
        self.assertEqual([f.path for f in tidy_rules.dead_files(Tree(files))], ["src/ipc/b.cc"])

    def test_a_source_may_be_named_from_above(self):
        lists = "program(arcella SOURCES main.cc)\nforeach(tool one two)\nendforeach()\n"
        files = [File("src/apps/CMakeLists.txt", lists)]
        files += [File(f"src/apps/{name}.cc", "") for name in ("arcella/main", "one", "three", "arcella/options")]
        dead = [f.path for f in tidy_rules.dead_files(Tree(files))]
        self.assertEqual(dead, ["src/apps/arcella/options.cc", "src/apps/three.cc"])


if __name__ == "__main__":
    unittest.main()
