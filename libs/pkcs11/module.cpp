#include "libs/pkcs11/module.hpp"

#include "libs/base/errors.hpp"
#include "libs/pkcs11/errors.hpp"

#include <array>
#include <cstdio>
#include <dlfcn.h>
#include <utility>

namespace evergrass::pkcs11 {
namespace {

struct meaning {
    CK_RV code;
    errc category;
    std::string_view text;
};

// Those that people can do something about.
constexpr std::array<meaning, 18> meanings = {{
    {CKR_PIN_INCORRECT, errc::denied,
     "the PIN is wrong; it is not tried again, as the token locks itself after a few tries"},
    {CKR_PIN_INVALID, errc::denied, "the PIN has characters that the token does not take"},
    {CKR_PIN_LEN_RANGE, errc::denied, "the PIN is shorter or longer than the token's can be"},
    {CKR_PIN_EXPIRED, errc::denied, "the PIN has expired; set a new one"},
    {CKR_PIN_LOCKED, errc::denied,
     "the PIN is locked after wrong tries; set it anew as the token's security officer"},
    {CKR_USER_PIN_NOT_INITIALIZED, errc::denied, "the token has no user PIN yet; set one"},
    {CKR_KEY_FUNCTION_NOT_PERMITTED, errc::denied,
     "the key may not be used for that (CKA_SIGN, CKA_DECRYPT or CKA_DERIVE of it says so)"},
    {CKR_MECHANISM_INVALID, errc::unsupported, "the token cannot do that"},
    {CKR_TEMPLATE_INCONSISTENT, errc::unsupported,
     "the token gives out nothing that its keys agree on (CKA_EXTRACTABLE)"},
    {CKR_ATTRIBUTE_SENSITIVE, errc::unsupported, "the token does not give that out"},
    {CKR_TOKEN_NOT_PRESENT, errc::unavailable, "the token is not there any more"},
    {CKR_DEVICE_REMOVED, errc::unavailable, "the token was taken out"},
    {CKR_DEVICE_ERROR, errc::unavailable, "the token fails"},
    {CKR_DEVICE_MEMORY, errc::unavailable, "the token has no memory left"},
    {CKR_GENERAL_ERROR, errc::unavailable,
     "the token fails, or was taken out (CKR_GENERAL_ERROR); look whether it is there"},
    {CKR_SESSION_HANDLE_INVALID, errc::unavailable, "the token has ended the session"},
    {CKR_ENCRYPTED_DATA_INVALID, errc::corrupt, "it was not made with this key"},
    {CKR_ENCRYPTED_DATA_LEN_RANGE, errc::corrupt, "it was not made with this key"},
}};

}  // namespace

error module::failed(std::string_view what, CK_RV code) const {
    if (code == CKR_SESSION_COUNT) {
        return {fault::no_session,
                std::string(what) +
                    " has no session left for this program: close others that use it, or raise "
                    "its limit of sessions"};
    }
    for (const auto& known : meanings) {
        if (known.code == code) {
            return {known.category, std::string(what) + ": " + std::string(known.text)};
        }
    }
    std::array<char, 32> number{};
    std::snprintf(number.data(), number.size(), "0x%lx", code);
    return {errc::unavailable,
            std::string(what) + ": " + path_ + " answers CKR " + number.data() + " (PKCS#11)"};
}

result<std::unique_ptr<module>> module::open(const std::string& path) {
    void* const handle = ::dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
    if (handle == nullptr) {
        return error{errc::not_found,
                     "the PKCS#11 module cannot be loaded: " + std::string(::dlerror()) +
                         "; name it with module-path=FILE in the URI's query"};
    }
    const auto list = reinterpret_cast<CK_C_GetFunctionList>(::dlsym(handle, "C_GetFunctionList"));
    CK_FUNCTION_LIST* functions = nullptr;
    if (list == nullptr || list(&functions) != CKR_OK || functions == nullptr) {
        return error{errc::not_found, path + " is not a PKCS#11 module"};
    }
    CK_C_INITIALIZE_ARGS threads{};
    threads.flags = CKF_OS_LOCKING_OK;
    const auto begun = functions->C_Initialize(&threads);
    std::unique_ptr<module> made(new module(path, functions, begun == CKR_OK));
    if (begun != CKR_OK && begun != CKR_CRYPTOKI_ALREADY_INITIALIZED) {
        return made->failed("the PKCS#11 module cannot begin", begun);
    }
    return made;
}

module::~module() {
    if (is_first_) {
        functions_->C_Finalize(nullptr);
    }
}

}  // namespace evergrass::pkcs11
