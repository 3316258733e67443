#include "edge/secrets/file_secret_store.hpp"
#include "edge/secrets/own_secret.hpp"
#include "libs/base/encoding.hpp"
#include "libs/base/errors.hpp"
#include "libs/base/file.hpp"
#include "libs/base/json.hpp"
#include "libs/pki/pki.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <stdlib.h>

namespace evergrass::edge {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;

const std::string arn = "arn:aws:secretsmanager:eu-west-1:1:secret:db-AbCdEf";

secret sample() {
    return {arn,
            "db",
            {{"v2", {"AWSCURRENT"}, 1700000000123, false, "hush"},
             {"v1", {"AWSPREVIOUS", "mine"}, 1600000000000, true, "whisper"}}};
}

class own_secret_file : public ::testing::Test {
protected:
    own_secret_file() {
        std::string pattern = testing::TempDir() + "own-secretsXXXXXX";
        root_ = ::mkdtemp(pattern.data());
        use(rsa_);
    }
    ~own_secret_file() override { std::filesystem::remove_all(root_); }
    static void SetUpTestSuite() {
        rsa_ = pki::generate_rsa_key();
        other_rsa_ = pki::generate_rsa_key();
        ec_ = pki::generate_ec_key();
        other_ec_ = pki::generate_ec_key();
    }

    void use(const std::string& pem) { key_ = pki::private_key::from_pem(pem).value(); }
    file_secret_store store() const { return file_secret_store(directory(), &mine_); }
    std::filesystem::path directory() const { return root_ / "secrets"; }
    std::filesystem::path only_file() const {
        return std::filesystem::directory_iterator(directory())->path();
    }
    std::string text() const { return read_file(only_file()).value(); }
    json::object document() const { return parse_json(text()).value().get_object(); }
    void write(const std::string& name, std::string_view text) {
        ASSERT_TRUE(make_directories(directory(), 0700));
        ASSERT_TRUE(write_file_atomically(directory() / name, text, 0600));
    }
    // What is said of the file once `damage` was done to it.
    std::string after(const std::function<void(json::object&)>& damage) {
        EXPECT_TRUE(store().put(sample()));
        auto damaged = document();
        damage(damaged);
        EXPECT_TRUE(write_file_atomically(only_file(), json::serialize(damaged), 0600));
        auto read = store();
        const auto faults = read.load();
        EXPECT_EQ(read.find("db"), nullptr);
        return faults.size() == 1 ? faults[0].message() : "";
    }

    inline static std::string rsa_, other_rsa_, ec_, other_ec_;
    std::filesystem::path root_;
    result<pki::private_key> key_ = error{errc::unavailable, "no key yet"};
    any_key_wrapper mine_{[this] { return key_; }, pki::key_wrapping::pkcs1};
};

TEST_F(own_secret_file, has_no_value_in_it_whatever_the_key) {
    for (const auto& pem : {rsa_, ec_}) {
        use(pem);
        ASSERT_TRUE(store().put(sample()));
        for (const auto& value : {"hush", "whisper"}) {
            EXPECT_THAT(text(), AllOf(Not(HasSubstr(value)), Not(HasSubstr(base64_encode(value)))));
        }
        auto read = store();
        EXPECT_THAT(read.load(), IsEmpty());
        ASSERT_NE(read.find("db"), nullptr);
        EXPECT_EQ(to_json_text(*read.find("db")), to_json_text(sample()));
    }
}

TEST_F(own_secret_file, in_the_clear_is_sealed_and_each_time_under_another_data_key) {
    write("by-hand.json", to_json_text(sample()));
    auto read = store();
    ASSERT_TRUE(read.seal_anew());
    EXPECT_EQ(only_file(), directory() / "by-hand.json");
    EXPECT_THAT(text(), Not(HasSubstr("hush")));
    const auto first = document();
    ASSERT_TRUE(read.seal_anew());
    EXPECT_NE(document().at("dataKey"), first.at("dataKey"));
    EXPECT_NE(document().at("versions"), first.at("versions"));
    EXPECT_EQ(to_json_text(*read.find("db")), to_json_text(sample()));
    EXPECT_EQ(to_json_text(*[&] {
                  read = store();
                  EXPECT_THAT(read.load(), IsEmpty());
                  return read.find(arn);
              }()),
              to_json_text(sample()));
}

TEST_F(own_secret_file, damage_of_any_kind_leaves_it_out_and_tells_no_value) {
    const auto versions = [](json::object& in) -> json::array& {
        return in["versions"].get_array();
    };
    const auto is_refused = AllOf(HasSubstr("was changed, or is sealed for another key"),
                                  HasSubstr("Put the secret anew"), Not(HasSubstr("hush")));
    EXPECT_THAT(after([](auto& in) {
                    in["name"] = "db";
                    in["arn"] = arn + "x";
                }),
                is_refused);
    EXPECT_THAT(after([](auto& in) { in["wrapping"] = "RSA-OAEP-SHA-256"; }), is_refused);
    EXPECT_THAT(after([](auto& in) { in["dataKey"] = base64_encode(std::string(256, 'x')); }),
                is_refused);
    EXPECT_THAT(after([&](auto& in) {
                    std::swap(versions(in)[0].get_object()["stages"],
                              versions(in)[1].get_object()["stages"]);
                }),
                is_refused);
    EXPECT_THAT(after([&](auto& in) {
                    std::swap(versions(in)[0].get_object()["sealed"],
                              versions(in)[1].get_object()["sealed"]);
                }),
                is_refused);
    EXPECT_THAT(after([](auto& in) { in.erase("dataKey"); }), HasSubstr("'dataKey'"));
    EXPECT_THAT(after([](auto& in) { in.erase("versions"); }), HasSubstr("'versions'"));
    EXPECT_THAT(after([](auto& in) { in["version"] = 3; }), HasSubstr("'version' is 3"));
}

TEST_F(own_secret_file, cut_anywhere_is_left_out) {
    ASSERT_TRUE(store().put(sample()));
    const auto whole = text();
    for (std::size_t size = 0; size + 2 < whole.size(); size += 7) {
        ASSERT_FALSE(open_own_secret(whole.substr(0, size), &mine_)) << size;
    }
}

TEST_F(own_secret_file, for_another_key_stays_on_disk_and_opens_with_the_former_one) {
    for (const auto& [own, other] : {std::pair(rsa_, other_rsa_), std::pair(ec_, other_ec_)}) {
        use(own);
        ASSERT_TRUE(store().put(sample()));
        const auto before = text();
        use(other);
        auto read = store();
        EXPECT_THAT(read.seal_anew().value(), SizeIs(1));
        EXPECT_EQ(read.find("db"), nullptr);
        EXPECT_EQ(text(), before);
        use(own);
        EXPECT_THAT(read.load(), IsEmpty());
        EXPECT_NE(read.find("db"), nullptr);
    }
}

TEST_F(own_secret_file, is_sealed_for_the_new_key_by_who_had_read_it_before) {
    ASSERT_TRUE(store().put(sample()));
    auto running = store();
    EXPECT_THAT(running.load(), IsEmpty());
    ASSERT_TRUE(store().put(sample())) << "written anew meanwhile, for the former key";
    use(ec_);
    EXPECT_THAT(running.seal_anew().value(), IsEmpty());
    auto read = store();
    EXPECT_THAT(read.load(), IsEmpty());
    EXPECT_NE(read.find("db"), nullptr);
}

TEST_F(own_secret_file, without_its_key_says_why_and_what_was_read_goes_on) {
    ASSERT_TRUE(store().put(sample()));
    auto running = store();
    EXPECT_THAT(running.load(), IsEmpty());
    ASSERT_TRUE(store().put(sample()));
    key_ = error{errc::unavailable, "the token is out"};
    EXPECT_THAT(running.load(), IsEmpty());
    EXPECT_NE(running.find("db"), nullptr);
    const auto sealed = running.seal_anew();
    ASSERT_FALSE(sealed);
    EXPECT_THAT(sealed.error().message(), HasSubstr("the token is out"));
    EXPECT_NE(running.find("db"), nullptr);
    const auto faults = store().load();
    ASSERT_THAT(faults, SizeIs(1));
    EXPECT_THAT(faults[0].message(), HasSubstr("the token is out"));
    EXPECT_FALSE(store().put(sample()));
}

TEST_F(own_secret_file, tells_its_name_without_a_key_and_takes_nothing) {
    ASSERT_TRUE(store().put(sample()));
    file_secret_store names(directory());
    EXPECT_THAT(names.load(), IsEmpty());
    ASSERT_NE(names.find("db"), nullptr);
    EXPECT_EQ(names.find("db")->arn, arn);
    EXPECT_TRUE(names.find("db")->versions[0].value.empty());
    write(only_file().filename().string(), to_json_text(sample()));
    EXPECT_THAT(names.load(), IsEmpty());
    EXPECT_TRUE(names.find("db")->versions[0].value.empty()) << "of a file in the clear, too";
    EXPECT_EQ(names.put(sample()).error().code, errc::unsupported);
    ASSERT_TRUE(names.remove(arn));
    EXPECT_TRUE(std::filesystem::is_empty(directory()));
}

TEST_F(own_secret_file, that_another_process_changes_is_read_and_not_written) {
    ASSERT_TRUE(store().put(sample()));
    const auto before = text();
    auto read = store();
    {
        const auto held = store().hold();
        ASSERT_TRUE(held);
        EXPECT_EQ(read.seal_anew().error().code, errc::unavailable);
        EXPECT_NE(read.find("db"), nullptr);
        EXPECT_EQ(text(), before);
    }
    EXPECT_TRUE(read.seal_anew());
    EXPECT_NE(text(), before);
}

}  // namespace
}  // namespace evergrass::edge
