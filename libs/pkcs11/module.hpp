#pragma once

#include "libs/base/result.hpp"

#define CRYPTOKI_COMPAT
#include <memory>
#include <p11-kit/pkcs11.h>
#include <string>
#include <string_view>

// A PKCS#11 library. Only this folder includes it.
namespace evergrass::pkcs11 {

class module {
public:
    // Never unloaded; finalized by who initialized it.
    static result<std::unique_ptr<module>> open(const std::string& path);
    ~module();
    module(const module&) = delete;
    module& operator=(const module&) = delete;

    CK_FUNCTION_LIST& call() const { return *functions_; }
    const std::string& path() const { return path_; }

    // Of a call that did not return CKR_OK.
    error failed(std::string_view what, CK_RV code) const;

private:
    module(std::string path, CK_FUNCTION_LIST* functions, bool is_first) :path_(std::move(path)),
        functions_(functions), is_first_(is_first) {}

    std::string path_;
    CK_FUNCTION_LIST* functions_;
    bool is_first_;
};

}  // namespace evergrass::pkcs11
