#include "libs/pkcs11/errors.hpp"

#include <string>

namespace evergrass::pkcs11 {
namespace {

class faults final : public boost::system::error_category {
public:
    const char* name() const noexcept override { return "PKCS#11"; }

    std::string message(int) const override { return "all of its sessions are in use"; }
};

}  // namespace

const boost::system::error_category& fault_category() noexcept {
    static const faults category;
    return category;
}

}  // namespace evergrass::pkcs11
