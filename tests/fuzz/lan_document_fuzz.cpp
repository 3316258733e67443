// What a core says of its group on its own network, of a group with any content: it is signed, the
// document stays JSON, and the file for avahi-daemon has the elements that we wrote and no others.

#include "contract/manifest.hpp"
#include "edge/announcement/announced_core.hpp"
#include "libs/base/json.hpp"
#include "libs/pki/pki.hpp"
#include "libs/pki/signed_document.hpp"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

namespace {

using namespace evergrass;

void check(bool holds) {
    if (!holds) {
        std::abort();
    }
}

struct signer {
    std::string pem = pki::generate_ec_key();
    pki::private_key key = *pki::private_key::from_pem(pem);
    std::string certificate_pem = [this] {
        pki::certificate_request wanted;
        wanted.common_name = "core";
        wanted.not_after = wanted.not_before + std::chrono::hours(1);
        return *pki::make_self_signed(wanted, pem);
    }();
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static const signer core;
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    // The rest of the chain is what the service sent.
    const auto made = pki::sign_document(text, core.certificate_pem + std::string(text), core.key);
    check(made && made->starts_with("-----BEGIN CMS-----"));
    static_cast<void>(pki::sign_document(text, text, core.key));

    const auto thing = text.substr(0, size / 2);
    const auto service = edge::avahi_service(thing, text.substr(size / 2), 8883);
    const auto plain = edge::avahi_service("Core", "group", 8883);
    for (const char mark : {'<', '>'}) {
        check(std::ranges::count(service, mark) == std::ranges::count(plain, mark));
    }
    if (const auto group = contract::parse_manifest(text)) {
        const auto document = parse_json(edge::discovery_document(*group, {}));
        check(document && document->is_object());
    }
    return 0;
}
