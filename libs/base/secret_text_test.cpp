#include "libs/base/secret_text.hpp"

#include "libs/base/errors.hpp"
#include "libs/base/file.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <gtest/gtest.h>
#include <openssl/crypto.h>

#include <cstring>
#include <filesystem>
#include <thread>
#include <unistd.h>

namespace evergrass {
namespace {

constexpr std::size_t reserved = 64 * 1024;

class secret_memory : public ::testing::Test {
protected:
    static void SetUpTestSuite() { reserve_secret_memory(reserved); }
    static bool is_reserved(const secret_text& text) {
        return CRYPTO_secure_allocated(text.view().data()) == 1;
    }
};

TEST_F(secret_memory, a_text_is_in_reserved_memory_and_its_copies_too) {
    const secret_text first("hush");
    auto second = first;
    EXPECT_TRUE(is_reserved(first));
    EXPECT_TRUE(is_reserved(second));
    EXPECT_NE(first.view().data(), second.view().data());
    const auto third = std::move(second);
    EXPECT_EQ(third, "hush");
    EXPECT_TRUE(secret_text().empty());
    second = secret_text("another");
    EXPECT_EQ(second, "another");
}

TEST_F(secret_memory, what_was_taken_is_wiped_where_it_was) {
    std::string plain = "a text that is longer than what a string holds in itself";
    const char* const place = plain.data();
    const auto size = plain.size();
    const auto taken = secret_text::from(plain);
    EXPECT_EQ(std::string(place, size), std::string(size, '\0'));
    EXPECT_EQ(taken.size(), size);
    EXPECT_TRUE(plain.empty());
}

TEST_F(secret_memory, the_json_of_a_value_is_in_it_at_any_length) {
    for (const std::size_t size : {0, 1, 1000, 1023, 1024, 1025, 5000}) {
        const json::value value(json::object{{"a", std::string(size, 'x')}, {"b", {1, nullptr}}},
                                secret_storage());
        const auto text = to_secret_json(value);
        EXPECT_EQ(text.view(), json::serialize(value)) << size;
        EXPECT_TRUE(is_reserved(text)) << size;
    }
}

TEST_F(secret_memory, reserving_again_is_no_failure) {
    EXPECT_TRUE(reserve_secret_memory(reserved));
    EXPECT_TRUE(is_reserved("hush"));
}

TEST_F(secret_memory, more_than_was_reserved_is_kept_all_the_same) {
    const std::string much(2 * reserved, 'x');
    const secret_text kept(much);
    EXPECT_FALSE(is_reserved(kept));
    EXPECT_EQ(kept, much);
}

TEST_F(secret_memory, a_file_is_read_into_it_up_to_the_limit) {
    const auto file = std::filesystem::path(::testing::TempDir()) / "secret_text_test.value";
    for (const std::size_t size : {std::size_t{0}, std::size_t{1}, std::size_t{99}}) {
        ASSERT_TRUE(write_file_atomically(file, std::string(size, 'x')));
        const auto text = read_secret_file(file, 99);
        ASSERT_TRUE(text) << text.error().message();
        EXPECT_EQ(*text, std::string(size, 'x'));
        EXPECT_TRUE(size == 0 || is_reserved(*text));
    }
    ASSERT_TRUE(write_file_atomically(file, std::string(100, 'x')));
    const auto large = read_secret_file(file, 99);
    ASSERT_FALSE(large);
    EXPECT_EQ(large.error().code, errc::too_large);
    EXPECT_NE(large.error().message().find("secret_text_test.value"), std::string::npos);
    std::filesystem::remove(file);
    EXPECT_FALSE(read_secret_file(file, 99));
}

TEST_F(secret_memory, what_comes_by_a_pipe_in_pieces_is_one_text) {
    int ends[2];
    ASSERT_EQ(::pipe(ends), 0);
    std::thread writer([&] {
        for (const auto* piece : {"one ", "two ", "three"}) {
            EXPECT_GT(::write(ends[1], piece, std::strlen(piece)), 0);
        }
        ::close(ends[1]);
    });
    const auto text = read_secret_text(ends[0], 99, "the value");
    writer.join();
    ::close(ends[0]);
    ASSERT_TRUE(text);
    EXPECT_EQ(*text, "one two three");
}

TEST_F(secret_memory, json_is_in_it_and_gives_it_back) {
    const auto before = CRYPTO_secure_used();
    {
        const auto value =
            parse_secret_json(R"({"a": "a text of some length, to need memory"})").value();
        EXPECT_GT(CRYPTO_secure_used(), before);
        EXPECT_TRUE(CRYPTO_secure_allocated(value.at("a").as_string().data()));
    }
    EXPECT_EQ(CRYPTO_secure_used(), before);
}

}  // namespace
}  // namespace evergrass
