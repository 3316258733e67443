#include "libs/base/errors.hpp"

#include <string>

namespace evergrass {
namespace {

class base_errors final : public boost::system::error_category {
public:
    const char* name() const noexcept override { return "evergrass"; }

    std::string message(int value) const override {
        switch (static_cast<errc>(value)) {
            case errc::invalid_input:
                return "the input is not valid";
            case errc::not_found:
                return "it does not exist";
            case errc::conflict:
                return "it conflicts with what exists";
            case errc::denied:
                return "it is not allowed";
            case errc::too_large:
                return "it is over the limit";
            case errc::unavailable:
                return "the other side cannot be reached";
            case errc::timed_out:
                return "there was no answer in time";
            case errc::corrupt:
                return "the stored data fails its check";
            case errc::unsupported:
                return "it is not supported";
            case errc::closed:
                return "it was stopped";
        }
        return "unknown error " + std::to_string(value);
    }
};

}  // namespace

const boost::system::error_category& base_category() noexcept {
    static const base_errors category;
    return category;
}

}  // namespace evergrass
