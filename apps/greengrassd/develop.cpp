#include "apps/greengrassd/develop.hpp"

#include <utility>

namespace evergrass::greengrassd {
namespace {

class work : public edge::development_work {
public:
    explicit work(std::unique_ptr<edge::development> running) : running_(std::move(running)) {}

    json::object describe() const override {
        return {{"function", running_->arn()},
                {"runtime", running_->runtime()},
                {"handler", running_->handler()},
                {"takesAPlace", running_->takes_a_place()}};
    }
    std::string arn() const override { return running_->arn(); }
    void restart() override { running_->restart(); }

private:
    std::unique_ptr<edge::development> running_;
};

edge::development_report report_of(edge::development_news news) {
    using told = edge::development_report::kind;
    switch (news.what) {
        case edge::development_news::kind::up:
            return {told::up, {}, {}};
        case edge::development_news::kind::ended:
            return {told::ended, {}, std::move(news.text)};
        default:
            return {told::line, std::string(to_string(news.level)), std::move(news.text)};
    }
}

}  // namespace

edge::developer developer_of(edge::function_manager& functions) {
    return [&functions](edge::development_order order,
                        std::function<void(edge::development_report)> tell)
               -> result<std::unique_ptr<edge::development_work>> {
        edge::development_request asked;
        asked.directory = std::move(order.directory);
        asked.instead_of = std::move(order.instead_of);
        asked.name = std::move(order.name);
        asked.runtime = std::move(order.runtime);
        asked.handler = std::move(order.handler);
        asked.pinned = order.pinned;
        asked.timeout_seconds = order.timeout_seconds;
        auto begun = functions.develop(std::move(asked), [tell = std::move(tell)](auto news) {
            tell(report_of(std::move(news)));
        });
        if (!begun) {
            return begun.error();
        }
        return std::unique_ptr<edge::development_work>(std::make_unique<work>(std::move(*begun)));
    };
}

}  // namespace evergrass::greengrassd
