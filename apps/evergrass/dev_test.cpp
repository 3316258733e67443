#include "apps/evergrass/dev.hpp"

#include "apps/evergrass/folder_watch.hpp"
#include "apps/evergrass/handler_guess.hpp"
#include "libs/base/errors.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <poll.h>
#include <stdlib.h>

namespace evergrass::cli {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class folder_test : public ::testing::Test {
protected:
    folder_test() {
        std::string pattern = (fs::temp_directory_path() / "devXXXXXX").string();
        folder = ::mkdtemp(pattern.data());
    }
    ~folder_test() override { fs::remove_all(folder); }
    void write(const std::string& name, const std::string& text = "x") {
        fs::create_directories((folder / name).parent_path());
        std::ofstream(folder / name) << text;
    }

    fs::path folder;
};

using guessed_handler = folder_test;

TEST_F(guessed_handler, is_the_only_one_there_is) {
    write("main.py",
          "import x\n\n\ndef helper(a, b):\n    pass\n\n\ndef handler(event, context):\n");
    write("setup.py", "def handler(event, context):\n    pass\n");
    write("test_main.py", "def handler(event, context):\n    pass\n");
    write("data.json");
    auto guess = guess_handler(folder, "");
    ASSERT_TRUE(guess) << guess.error().message();
    EXPECT_EQ(guess->handler, "main.handler");
    EXPECT_EQ(guess->runtime, "python3.8");
    EXPECT_EQ(guess->file, "main.py");
    guess = guess_handler(folder, "python2.7");
    EXPECT_EQ(guess->runtime, "python2.7");
    EXPECT_FALSE(guess_handler(folder, "nodejs12.x"));
}

TEST_F(guessed_handler, is_not_guessed_among_several) {
    write("a.py", "def one(event, context): pass\ndef two(event, context): pass\n");
    write("index.js", "exports.handler = async (event) => 1;\n");
    const auto guess = guess_handler(folder, "");
    ASSERT_FALSE(guess);
    EXPECT_THAT(guess.error().message(), HasSubstr("--handler: a.one, a.two, index.handler"));
    EXPECT_EQ(guess_handler(folder, "nodejs10.x")->handler, "index.handler");
}

TEST_F(guessed_handler, of_an_empty_folder_is_asked_for) {
    const auto guess = guess_handler(folder, "");
    ASSERT_FALSE(guess);
    EXPECT_THAT(guess.error().message(), HasSubstr("name it with --handler FILE.FUNCTION"));
}

TEST(handlers, are_found_in_a_source) {
    EXPECT_THAT(handlers_of_python("def lambda_handler(event, context):\n"
                                   "async def later(event: dict, ctx) -> None:\n"
                                   "class A:\n    def method(self, event, context):\n"
                                   "def _plain(a):\n"
                                   "def unused(_event, _context):\n"),
                ElementsAre("lambda_handler", "later", "unused"));
    EXPECT_THAT(handlers_of_nodejs("const a = 1;\nexports.handler = function (e, c, cb) {};\n"
                                   "module.exports.other = async (event) => 1;\n"
                                   "exports.third = event => 2;\nexports.limit = 3;\n"),
                ElementsAre("handler", "other", "third"));
}

TEST(handlers, are_found_in_a_source_of_any_size_and_form) {
    const std::string blank(300'000, '\n');
    const std::string longest(300'000, 'x');
    EXPECT_THAT(handlers_of_nodejs(blank + "exports.handler = async (event) => 1;" + blank),
                ElementsAre("handler"));
    EXPECT_THAT(handlers_of_nodejs("exports." + longest), ElementsAre());
    EXPECT_THAT(handlers_of_nodejs("exports.a" + std::string(300'000, ' ')), ElementsAre());
    EXPECT_THAT(handlers_of_python("def a(event: " + longest + ", context)\n" +
                                   "def handler(event, context):" + longest),
                ElementsAre("handler"));
}

TEST(ignored_changes, are_those_of_tools) {
    for (const auto* path :
         {".git/index", "a/.git", "__pycache__/main.cpython-311.pyc", "node_modules/.cache/x",
          ".main.py.swp", "main.py~", "#main.py#", ".#main.py", "4913", "a/b/.DS_Store"}) {
        EXPECT_TRUE(is_ignored(path)) << path;
    }
    for (const auto* path : {"main.py", "node_modules/x/index.js", "cache/x", ".env", "lib/.cache",
                             "a.git/x", ".config.json"}) {
        EXPECT_FALSE(is_ignored(path)) << path;
    }
}

class watched_folder : public folder_test {
protected:
    // What changed, when something has; the system tells it before the write returns.
    std::set<std::string> changes() {
        pollfd ready{watch->descriptor(), POLLIN, 0};
        EXPECT_EQ(::poll(&ready, 1, 60'000), 1);
        return watch->changes();
    }
    void open() { watch = folder_watch::open(folder).value(); }

    std::unique_ptr<folder_watch> watch;
};

TEST_F(watched_folder, tells_what_is_written_moved_and_removed) {
    write("main.py");
    write("lib/a.py");
    open();
    EXPECT_THAT(watch->changes(), IsEmpty());
    write("main.py", "y");
    write("lib/a.py", "y");
    EXPECT_THAT(changes(), ElementsAre("lib/a.py", "main.py"));
    fs::rename(folder / "main.py", folder / "other.py");
    EXPECT_THAT(changes(), ElementsAre("main.py", "other.py"));
    fs::remove(folder / "other.py");
    EXPECT_THAT(changes(), ElementsAre("other.py"));
    fs::create_symlink("a.py", folder / "lib/link.py");
    EXPECT_THAT(changes(), ElementsAre("lib/link.py"));
}

TEST_F(watched_folder, watches_directories_that_come) {
    open();
    write("new/deep/a.py");
    EXPECT_THAT(changes(), ElementsAre("new/deep/a.py"));
    write("new/deep/b.py");
    EXPECT_THAT(changes(), ElementsAre("new/deep/b.py"));
}

TEST_F(watched_folder, does_not_tell_what_tools_write) {
    open();
    write(".git/index");
    write("__pycache__/x.pyc");
    write(".main.py.swp");
    write("main.py");
    EXPECT_THAT(changes(), ElementsAre("main.py"));
}

TEST_F(watched_folder, knows_when_it_is_gone) {
    open();
    fs::rename(folder, folder.string() + ".moved");
    watch->changes();
    EXPECT_TRUE(watch->is_gone());
    fs::rename(folder.string() + ".moved", folder);
    EXPECT_FALSE(folder_watch::open(folder / "nothing"));
}

using development = folder_test;

TEST_F(development, is_asked_for_with_what_is_guessed) {
    write("main.py", "def handler(event, context):\n");
    dev_options options;
    options.directory = folder;
    options.timeout_seconds = 9;
    std::string said;
    auto order = development_of(options, said);
    ASSERT_TRUE(order) << order.error().message();
    EXPECT_EQ(json::serialize(*order),
              R"({"directory":")" + folder.string() + R"(","name":")" + folder.filename().string() +
                  R"(","insteadOf":"","runtime":"python3.8","handler":"main.handler",)"
                  R"("pinned":false,"timeoutSeconds":9})");
    EXPECT_EQ(said, "guessed the handler main.handler from main.py, and the runtime python3.8");
    options.handler = "main.other";
    order = development_of(options, said);
    EXPECT_EQ(order->at("runtime"), "python3.8");
    EXPECT_EQ(said, "guessed the runtime python3.8 from main.py");
    options.handler = "nowhere.x";
    EXPECT_THAT(development_of(options, said).error().message(), HasSubstr("--runtime"));
    options.as = "pump";
    order = development_of(options, said);
    EXPECT_EQ(order->at("runtime"), "") << "the deployed one's";
}

TEST(development_texts, are_lines) {
    EXPECT_EQ(function_name_of("/a/my function.v2"), "my-function-v2");
    EXPECT_EQ(function_name_of("/"), "function");
    EXPECT_EQ(shown_changes({"a"}), "a changed");
    EXPECT_EQ(shown_changes({"a", "b", "c"}), "a and 2 more changed");
    EXPECT_EQ(shown_changes({".", "a"}), "many files changed");
    EXPECT_EQ(shown_event({{"event", "log"}, {"level", "INFO"}, {"line", "x"}}), "[INFO] x\n");
    EXPECT_EQ(shown_event({{"event", "result"},
                           {"outcome", "handled"},
                           {"payloadBase64", "e30="},
                           {"tookMicros", 1500}}),
              "= handled error in 1.50 ms\n  {}\n");
    EXPECT_THAT(shown_event({{"event", "function"},
                             {"function", "arn:x"},
                             {"handler", "a.b"},
                             {"runtime", "python3.8"},
                             {"takesAPlace", true}}),
                HasSubstr("arn:x, in place of the deployed one, until Ctrl-C"));
    EXPECT_EQ(shown_event({{"event", "of a newer core"}}), "");
}

}  // namespace
}  // namespace evergrass::cli
