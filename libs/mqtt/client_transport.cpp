#include "libs/mqtt/client_transport.hpp"

#include <boost/asio/write.hpp>

#include <array>

namespace evergrass::mqtt {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;

template <class Stream>
class stream_transport : public transport {
public:
    void receive(char* into, std::size_t size, std::shared_ptr<user> who) override {
        stream().async_read_some(
            asio::buffer(into, size),
            [who = std::move(who)](const error_code& failed, std::size_t count) {
                who->on_received(failed, count);
            });
    }

    void send(std::string_view bytes, std::shared_ptr<user> who) override {
        asio::async_write(stream(), asio::buffer(bytes.data(), bytes.size()),
                          [who = std::move(who)](const error_code& failed, std::size_t) {
                              who->on_sent(failed);
                          });
    }

    void close() override {
        error_code ignored;
        socket().close(ignored);
    }

protected:
    virtual Stream& stream() = 0;
    virtual rt::tcp_socket& socket() = 0;

    // The bytes are of no interest any more.
    void drain(std::shared_ptr<user> who) {
        error_code ignored;
        socket().shutdown(rt::tcp_socket::shutdown_send, ignored);
        read_away(std::move(who));
    }

private:
    void read_away(std::shared_ptr<user> who) {
        socket().async_read_some(
            asio::buffer(unread_),
            [this, who = std::move(who)](const error_code& failed, std::size_t) mutable {
                if (failed) {
                    who->on_shut_down();
                } else {
                    read_away(std::move(who));
                }
            });
    }

    std::array<char, 512> unread_{};
};

class plain_transport final : public stream_transport<rt::tcp_socket> {
public:
    explicit plain_transport(rt::plain_connection connection)
        : socket_(std::move(connection.socket)) {}
    void shut_down(std::shared_ptr<user> who) override { drain(std::move(who)); }

private:
    rt::tcp_socket& stream() override { return socket_; }
    rt::tcp_socket& socket() override { return socket_; }

    rt::tcp_socket socket_;
};

class tls_transport final : public stream_transport<rt::tls_stream> {
public:
    explicit tls_transport(rt::secure_connection connection)
        : context_(std::move(connection.context)), stream_(std::move(connection.stream)) {}

    void shut_down(std::shared_ptr<user> who) override {
        stream_->async_shutdown(
            [this, who = std::move(who)](const error_code&) mutable { drain(std::move(who)); });
    }

private:
    rt::tls_stream& stream() override { return *stream_; }
    rt::tcp_socket& socket() override { return stream_->next_layer(); }

    std::shared_ptr<rt::tls_context> context_;  // outlives the stream
    std::unique_ptr<rt::tls_stream> stream_;
};

}  // namespace

std::unique_ptr<transport> make_transport(rt::secure_connection connection) {
    return std::make_unique<tls_transport>(std::move(connection));
}

std::unique_ptr<transport> make_transport(rt::plain_connection connection) {
    return std::make_unique<plain_transport>(std::move(connection));
}

}  // namespace evergrass::mqtt
