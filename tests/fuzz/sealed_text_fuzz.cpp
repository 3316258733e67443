#include "libs/pki/pki.hpp"
#include "libs/pki/sealed_text.hpp"

#include <cstdlib>

// Whatever the file holds, it does not open and says one thing.
extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
    using namespace evergrass::pki;
    static const auto key = private_key::from_pem(generate_rsa_key()).value();
    static const auto told = open_sealed_text(key, "p", "").error().message();
    const auto opened = open_sealed_text(key, "p", {reinterpret_cast<const char*>(data), size});
    if (opened || opened.error().message() != told) {
        std::abort();
    }
    return 0;
}
