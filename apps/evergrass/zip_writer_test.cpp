#include "apps/evergrass/zip_writer.hpp"

#include <archive.h>
#include <archive_entry.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>

namespace evergrass::cli {
namespace {

std::vector<std::pair<std::string, std::string>> unzip(const std::string& bytes) {
    std::unique_ptr<archive, decltype(&archive_read_free)> reader(archive_read_new(),
                                                                  archive_read_free);
    archive_read_support_format_zip(reader.get());
    EXPECT_EQ(archive_read_open_memory(reader.get(), bytes.data(), bytes.size()), ARCHIVE_OK);
    std::vector<std::pair<std::string, std::string>> files;
    archive_entry* entry = nullptr;
    while (archive_read_next_header(reader.get(), &entry) == ARCHIVE_OK) {
        std::string content(static_cast<std::size_t>(archive_entry_size(entry)), '\0');
        EXPECT_EQ(archive_read_data(reader.get(), content.data(), content.size()),
                  static_cast<la_ssize_t>(content.size()));
        EXPECT_EQ(archive_entry_perm(entry), 0644u);
        files.emplace_back(archive_entry_pathname(entry), content);
    }
    return files;
}

TEST(zip_writer, what_goes_in_comes_out_of_another_reader) {
    const auto zip = make_zip({{"a.py", "print('a')\n"}, {"package/b.py", std::string(5000, 'b')}});
    EXPECT_THAT(unzip(zip.value()),
                testing::ElementsAre(testing::Pair("a.py", "print('a')\n"),
                                     testing::Pair("package/b.py", std::string(5000, 'b'))));
}

TEST(zip_writer, the_same_files_give_the_same_bytes) {
    EXPECT_EQ(make_zip({{"a.py", "x"}}).value(), make_zip({{"a.py", "x"}}).value());
}

TEST(zip_writer, an_empty_file_is_a_file) {
    EXPECT_THAT(unzip(make_zip({{"__init__.py", ""}}).value()),
                testing::ElementsAre(testing::Pair("__init__.py", "")));
}

}  // namespace
}  // namespace evergrass::cli
