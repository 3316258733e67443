#include "cloud/admin/expired_keys.hpp"

#include "cloud/gateway/access_keys.hpp"

#include <boost/asio/io_context.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <vector>

namespace evergrass::cloud {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

class set_clock final : public clock {
public:
    wall_time now() const override { return now_; }
    wall_time now_ = *parse_basic_iso8601("20261127T120000Z");
};

class expired_keys_test : public ::testing::Test {
protected:
    ~expired_keys_test() override {
        watched_.stop();
        state_.reset();
        std::filesystem::remove_all(directory_);
    }

    std::string directory_ = [] {
        std::string pattern = ::testing::TempDir() + "evergrass-expired-XXXXXX";
        return std::string(::mkdtemp(pattern.data()));
    }();
    std::unique_ptr<store> state_ = store::open(directory_ + "/service.db").value();
    set_clock time_;
    boost::asio::io_context io_;
    std::vector<std::string> cut_;
    expired_keys watched_{*state_, time_, io_.get_executor(),
                          [this](const std::string& id) { cut_.push_back(id); }, logger()};
};

TEST_F(expired_keys_test, a_rotated_key_is_cut_off_once_when_its_grace_is_over) {
    const auto old = create_access_key(*state_, time_.now()).value();
    ASSERT_TRUE(rotate_access_key(*state_, old.id, time_.now(), 60s));
    watched_.look();
    EXPECT_THAT(cut_, IsEmpty());
    time_.now_ += 60s;
    watched_.look();
    EXPECT_THAT(cut_, ElementsAre(old.id));
    watched_.look();
    EXPECT_THAT(cut_, ElementsAre(old.id));
}

TEST_F(expired_keys_test, it_looks_by_itself_when_the_next_one_is_due) {
    const auto old = create_access_key(*state_, time_.now()).value();
    ASSERT_TRUE(rotate_access_key(*state_, old.id, time_.now() - 1min, 60s + 1s));
    watched_.look();
    time_.now_ += 2s;  // so that the look that the timer begins finds it over
    io_.run();
    EXPECT_THAT(cut_, ElementsAre(old.id));
}

TEST_F(expired_keys_test, without_such_keys_nothing_waits) {
    ASSERT_TRUE(create_access_key(*state_, time_.now()));
    watched_.look();
    EXPECT_EQ(io_.run(), 0u);
}

}  // namespace
}  // namespace evergrass::cloud
