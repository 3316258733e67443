#include "libs/log_store/errors.hpp"

#include <string>

namespace evergrass::log_store {
namespace {

class log_errors final : public boost::system::error_category {
public:
    const char* name() const noexcept override { return "log_store"; }

    std::string message(int value) const override {
        switch (static_cast<log_errc>(value)) {
            case log_errc::disk_full:
                return "the disk is full; free space on it";
            case log_errc::read_only:
                return "the file system is read-only; remount it writable";
            case log_errc::io_failed:
                return "the disk reports an input/output error; look at the kernel's log";
            case log_errc::log_full:
                return "the log is at its size limit; read and truncate it, or raise the limit";
        }
        return "unknown error " + std::to_string(value);
    }
};

}  // namespace

const boost::system::error_category& log_category() noexcept {
    static const log_errors category;
    return category;
}

}  // namespace evergrass::log_store
