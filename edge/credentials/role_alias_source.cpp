#include "edge/credentials/credential_source.hpp"
#include "libs/base/encoding.hpp"

namespace evergrass::edge {
namespace {

class role_alias_source final : public credential_source {
public:
    role_alias_source(credential_server endpoint, std::string alias, std::string thing)
        : endpoint_(std::move(endpoint)), alias_(std::move(alias)), thing_(std::move(thing)) {}

    std::string name() const override {
        return "the role alias " + alias_ + " at " + endpoint_.host;
    }

    boost::asio::awaitable<result<aws_credentials>> fetch() override {
        http::request ask;
        ask.method = "GET";
        ask.target = "/role-aliases/" + percent_encode(alias_) + "/credentials";
        ask.headers.add("x-amzn-iot-thingname", thing_);
        return fetch_credentials(endpoint_, std::move(ask));
    }

private:
    credential_server endpoint_;
    std::string alias_;
    std::string thing_;
};

}  // namespace

std::shared_ptr<credential_source> make_role_alias_source(credential_server endpoint,
                                                          std::string alias, std::string thing) {
    return std::make_shared<role_alias_source>(std::move(endpoint), std::move(alias),
                                               std::move(thing));
}

}  // namespace evergrass::edge
