#include "edge/admin/admin_server.hpp"

#include "edge/admin/socket_path.hpp"
#include "libs/base/file.hpp"
#include "libs/base/socket_address.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <fstream>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <thread>
#include <unistd.h>

namespace evergrass::edge {
namespace {

using ::testing::HasSubstr;

// What a client of the socket gets, or why it gets nothing.
std::string get(const std::filesystem::path& socket, const std::string& target) {
    const auto address = socket_address::of(socket);
    if (!address) {
        return address.error().message();
    }
    const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_un where{};
    where.sun_family = AF_UNIX;
    std::memcpy(where.sun_path, address->text().data(), address->text().size());
    std::string got;
    if (::connect(fd, reinterpret_cast<sockaddr*>(&where), sizeof where) == 0) {
        const auto asked = "GET " + target + " HTTP/1.1\r\nHost: core\r\nConnection: close\r\n\r\n";
        EXPECT_EQ(::write(fd, asked.data(), asked.size()), static_cast<ssize_t>(asked.size()));
        std::array<char, 4096> part;
        for (ssize_t n = 0; (n = ::read(fd, part.data(), part.size())) > 0;) {
            got.append(part.data(), static_cast<std::size_t>(n));
        }
    } else {
        got = std::strerror(errno);
    }
    ::close(fd);
    return got;
}

class admin_server_test : public ::testing::Test {
protected:
    admin_server_test() {
        std::string pattern = (std::filesystem::temp_directory_path() / "adminXXXXXX").string();
        root_ = ::mkdtemp(pattern.data());
    }
    ~admin_server_test() override { std::filesystem::remove_all(root_); }

    std::unique_ptr<admin_server> make() {
        return std::make_unique<admin_server>(
            io_.get_executor(), admin_socket_path(root_), messages_,
            [] {
                core_snapshot core;
                core.thing = "core-of-this-test";
                return core;
            },
            [](invocation_request asked) -> boost::asio::awaitable<result<invocation_reply>> {
                co_return invocation_reply{asked.function, "id", "success", asked.payload, "", 1};
            },
            logger());
    }
    // Asks while the server runs, then stops it.
    std::string ask_and_stop(admin_server& server, const std::string& target) {
        std::string got;
        std::thread client([&] {
            got = get(admin_socket_path(root_), target);
            asio_stop(server);
        });
        io_.run();
        client.join();
        return got;
    }
    void asio_stop(admin_server& server) {
        boost::asio::co_spawn(io_, server.stop(), boost::asio::detached);
    }

    std::filesystem::path root_;
    boost::asio::io_context io_;
    router messages_{logger()};
};

TEST_F(admin_server_test, answers_on_a_socket_that_only_its_owner_may_use) {
    const auto server = make();
    ASSERT_TRUE(server->open());
    struct stat info {};
    ASSERT_EQ(::stat(admin_socket_path(root_).c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 0777U, 0600U);
    const auto got = ask_and_stop(*server, "/status");
    EXPECT_THAT(got, HasSubstr("200 OK"));
    EXPECT_THAT(got, HasSubstr("core-of-this-test"));
    EXPECT_FALSE(std::filesystem::exists(admin_socket_path(root_))) << "stop() removes it";
}

TEST_F(admin_server_test, takes_the_place_of_a_socket_whose_core_was_killed) {
    make()->open().value();
    // What a killed core leaves: a socket that nobody listens on, and one half made.
    const auto path = admin_socket_path(root_);
    for (const auto& left : {path, path.parent_path() / "admin.new"}) {
        const int fd = ::socket(AF_UNIX, SOCK_STREAM, 0);
        sockaddr_un where{};
        where.sun_family = AF_UNIX;
        std::strncpy(where.sun_path, left.c_str(), sizeof where.sun_path - 1);
        ASSERT_EQ(::bind(fd, reinterpret_cast<sockaddr*>(&where), sizeof where), 0);
        ::close(fd);
    }
    EXPECT_EQ(get(path, "/status"), std::strerror(ECONNREFUSED));
    const auto server = make();
    ASSERT_TRUE(server->open());
    EXPECT_THAT(ask_and_stop(*server, "/metrics"), HasSubstr("evergrass_build_info"));
}

TEST_F(admin_server_test, a_path_longer_than_a_socket_may_have_works_all_the_same) {
    root_ /= std::string(60, 'd') + "/" + std::string(60, 'e');
    ASSERT_GT(admin_socket_path(root_).native().size(), sizeof(sockaddr_un::sun_path));
    const auto server = make();
    const auto opened = server->open();
    ASSERT_TRUE(opened) << opened.error().message();
    EXPECT_THAT(ask_and_stop(*server, "/status"), HasSubstr("200 OK"));
}

TEST_F(admin_server_test, a_name_that_no_socket_can_have_is_refused_with_the_next_step) {
    const auto address = socket_address::of(root_ / std::string(200, 'x'));
    ASSERT_FALSE(address);
    EXPECT_THAT(address.error().message(), HasSubstr("writeDirectory"));
}

TEST_F(admin_server_test, a_folder_that_cannot_be_made_is_named) {
    std::ofstream(root_ / "var") << "a file";
    const auto opened = make()->open();
    ASSERT_FALSE(opened);
    EXPECT_THAT(opened.error().message(), HasSubstr((root_ / "var").string()));
}

}  // namespace
}  // namespace evergrass::edge
