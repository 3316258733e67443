#include "edge/secrets/sealed_secrets.hpp"
#include "libs/base/encoding.hpp"
#include "libs/base/errors.hpp"
#include "libs/base/file.hpp"
#include "libs/base/json.hpp"
#include "libs/pki/pki.hpp"

#include <gmock/gmock.h>

#include <functional>
#include <stdlib.h>
#include <sys/stat.h>

namespace evergrass::edge {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

const std::string prefix = "arn:aws:secretsmanager:eu-west-1:1:secret:";

std::vector<secret> sample() {
    return {{prefix + "db-AbCdEf",
             "db",
             {{"v2", {"AWSCURRENT"}, 1700000000123, false, "hush"},
              {"v1", {"AWSPREVIOUS", "mine"}, 1600000000000, true, std::string("\0\xff", 2)}}},
            {prefix + "api-AbCdEf", "api", {{"v1", {"AWSCURRENT"}, 1, false, "whisper"}}}};
}

class sealed_secrets_file : public ::testing::Test {
protected:
    sealed_secrets_file() {
        EXPECT_TRUE(write_file_atomically(root_ / "key.pem", key_, 0600));
        EXPECT_TRUE(write_file_atomically(root_ / "other.pem", other_, 0600));
    }
    ~sealed_secrets_file() override { std::filesystem::remove_all(root_); }
    static void SetUpTestSuite() {
        key_ = pki::generate_rsa_key();
        other_ = pki::generate_rsa_key();
    }

    std::filesystem::path only_file() const {
        return std::filesystem::directory_iterator(root_ / "sealed")->path();
    }
    std::string text() const { return read_file(only_file()).value(); }
    // What is said of the file once `damage` was done to it.
    std::string after(const std::function<void(json::object&)>& damage) {
        EXPECT_TRUE(store_.save("d1", sample(), mine_));
        auto document = parse_json(text()).value();
        damage(document.get_object());
        EXPECT_TRUE(write_file_atomically(only_file(), json::serialize(document), 0600));
        return fault();
    }
    std::string fault() {
        const auto read = store_.load("d1", mine_);
        if (read) {
            return "";
        }
        EXPECT_EQ(read.error().code, errc::corrupt);
        return read.error().message();
    }
    static json::object& version(json::object& file, std::size_t secret, std::size_t number) {
        return file["secrets"].at(secret).at("versions").at(number).as_object();
    }

    static std::string key_;
    static std::string other_;
    std::filesystem::path root_ = [] {
        std::string pattern = ::testing::TempDir() + "evergrass-sealed-XXXXXX";
        return std::filesystem::path(::mkdtemp(pattern.data()));
    }();
    // As the core's keys are: a file that is read at each use.
    rsa_key_wrapper by_file(const char* name, pki::key_wrapping how) const {
        return rsa_key_wrapper(
            [file = root_ / name]() -> result<pki::private_key> {
                const auto pem = read_file(file);
                return pem ? pki::private_key::from_pem(*pem) : pem.error();
            },
            how);
    }
    rsa_key_wrapper mine_ = by_file("key.pem", pki::key_wrapping::pkcs1);
    sealed_secrets store_{root_ / "sealed"};
    const std::string one_text = ".json was changed, or is for another key";
};

std::string sealed_secrets_file::key_;
std::string sealed_secrets_file::other_;

TEST_F(sealed_secrets_file, gives_back_what_was_put_and_shows_no_value) {
    ASSERT_TRUE(store_.save("d1", sample(), mine_));
    EXPECT_THAT(text(),
                AllOf(HasSubstr("AWSCURRENT"), HasSubstr("RSA-PKCS1-v1_5"), Not(HasSubstr("hush")),
                      Not(HasSubstr("whisper")), Not(HasSubstr("aHVzaA"))));
    const auto read = store_.load("d1", mine_).value();
    ASSERT_EQ(read.size(), 2U);
    EXPECT_EQ(to_json_text(read[0]), to_json_text(sample()[0]));
    EXPECT_EQ(to_json_text(read[1]), to_json_text(sample()[1]));
    struct stat file {};
    struct stat directory {};
    ASSERT_EQ(::stat(only_file().c_str(), &file), 0);
    ASSERT_EQ(::stat((root_ / "sealed").c_str(), &directory), 0);
    EXPECT_EQ(file.st_mode & 0777, 0600U);
    EXPECT_EQ(directory.st_mode & 0777, 0700U);
}

TEST_F(sealed_secrets_file, has_a_data_key_of_its_own_each_time) {
    const auto data_key = [&] {
        EXPECT_TRUE(store_.save("d1", sample(), mine_));
        const auto wrapped = string_member(parse_json(text()).value().get_object(), "dataKey");
        return mine_.unwrap(base64_decode(wrapped.value()).value()).value();
    };
    const auto first = data_key();
    EXPECT_FALSE(first == data_key().view());
    const auto wrapped = mine_.wrap(first).value();
    EXPECT_EQ(mine_.unwrap(wrapped).value(), first) << "or the keys would be random ones";
}

TEST_F(sealed_secrets_file, that_was_changed_has_one_error_whatever_was_changed) {
    const std::vector<std::function<void(json::object&)>> damages = {
        [](auto& file) { file["dataKey"] = "AAAA"; },
        [](auto& file) { file["dataKey"] = ""; },
        [](auto& file) { file["dataKey"].as_string()[20] ^= 1; },
        [](auto& file) { file["wrapping"] = "RSA-OAEP-SHA-256"; },
        [](auto& file) { file["version"] = 2; },
        [](auto& file) { file.erase("secrets"); },
        [](auto& file) { version(file, 0, 0)["sealed"] = ""; },
        [](auto& file) { version(file, 0, 0)["sealed"] = version(file, 0, 1)["sealed"]; },
        [](auto& file) { version(file, 0, 0)["sealed"] = version(file, 1, 0)["sealed"]; },
        [](auto& file) { version(file, 0, 1)["stages"] = {"AWSCURRENT"}; },
        [](auto& file) { version(file, 0, 0)["versionId"] = "v3"; },
        [](auto& file) { version(file, 0, 0)["binary"] = true; },
        [](auto& file) { file["secrets"].at(0).as_object()["name"] = "api"; },
        [](auto& file) { file["secrets"].at(0).as_object()["arn"] = prefix + "other-AbCdEf"; },
        [](auto& file) { file["secrets"].at(0).as_object()["versions"] = json::array(); },
    };
    for (std::size_t i = 0; i < damages.size(); ++i) {
        EXPECT_THAT(after(damages[i]), AllOf(HasSubstr(one_text), Not(HasSubstr("hush")))) << i;
    }
    EXPECT_EQ(after([](auto&) {}), "");
}

TEST_F(sealed_secrets_file, of_another_key_or_cut_short_has_the_same_error) {
    const auto other = by_file("other.pem", pki::key_wrapping::pkcs1);
    ASSERT_TRUE(store_.save("d1", sample(), other));
    EXPECT_THAT(fault(), HasSubstr(one_text));
    ASSERT_TRUE(store_.save("d1", sample(), mine_));
    const auto whole = text();
    for (const std::size_t size : {std::size_t(0), whole.size() / 2, whole.size() - 3}) {
        ASSERT_TRUE(write_file_atomically(only_file(), whole.substr(0, size), 0600));
        EXPECT_THAT(fault(), HasSubstr(one_text)) << size;
    }
}

TEST_F(sealed_secrets_file, belongs_to_one_deployment) {
    ASSERT_TRUE(store_.save("d1", sample(), mine_));
    const auto first = only_file();
    EXPECT_EQ(store_.load("d2", mine_).error().code, errc::not_found);
    ASSERT_TRUE(store_.save("d2", sample(), mine_));
    std::filesystem::path second;
    for (const auto& entry : std::filesystem::directory_iterator(root_ / "sealed")) {
        second = entry.path() == first ? second : entry.path();
    }
    std::filesystem::copy_file(first, second, std::filesystem::copy_options::overwrite_existing);
    EXPECT_THAT(store_.load("d2", mine_).error().message(), HasSubstr(one_text));
    store_.keep_only({"d1"});
    EXPECT_EQ(only_file(), first);
    EXPECT_EQ(fault(), "");
}

TEST_F(sealed_secrets_file, needs_its_key_and_says_so) {
    ASSERT_TRUE(store_.save("d1", sample(), mine_));
    std::filesystem::remove(root_ / "key.pem");
    EXPECT_THAT(store_.load("d1", mine_).error().message(),
                AllOf(HasSubstr("SecretsManager"), HasSubstr("key.pem")));
    const auto no_rsa = by_file("ed.pem", pki::key_wrapping::pkcs1);
    ASSERT_TRUE(write_file_atomically(root_ / "ed.pem", pki::generate_ed25519_key(), 0600));
    EXPECT_THAT(store_.save("d2", sample(), no_rsa).error().message(),
                HasSubstr("RSA key of 2048 bits"));
    EXPECT_TRUE(store_.save("d2", sample(), by_file("other.pem", pki::key_wrapping::oaep)));
}

}  // namespace
}  // namespace evergrass::edge
