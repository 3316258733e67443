#include "cloud/greengrass/device_routes.hpp"

namespace evergrass::cloud::greengrass {

// For any certificate that is ACTIVE here.
http::response get_signing_key(const device_routes& in, const device_request& from) {
    if (auto refused = refuse_device(in, from, "greengrass:GetSigningKey")) {
        return *refused;
    }
    json::object body;
    body["publicKey"] = in.services.signer.public_key_pem();
    return json_answer(body);
}

}  // namespace evergrass::cloud::greengrass
