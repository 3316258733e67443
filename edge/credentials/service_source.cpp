#include "edge/credentials/credential_source.hpp"
#include "libs/base/encoding.hpp"

namespace evergrass::edge {
namespace {

class service_source final : public credential_source {
public:
    service_source(credential_server service, std::string thing)
        : service_(std::move(service)), thing_(std::move(thing)) {}

    std::string name() const override { return "the service at " + service_.host; }

    boost::asio::awaitable<result<aws_credentials>> fetch() override {
        http::request ask;
        ask.method = "GET";
        ask.target = "/evergrass/v1/cores/" + percent_encode(thing_) + "/credentials";
        return fetch_credentials(service_, std::move(ask));
    }

private:
    credential_server service_;
    std::string thing_;
};

}  // namespace

std::shared_ptr<credential_source> make_service_source(credential_server service,
                                                       std::string thing) {
    return std::make_shared<service_source>(std::move(service), std::move(thing));
}

}  // namespace evergrass::edge
