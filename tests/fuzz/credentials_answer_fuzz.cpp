// What credentials come in, before anybody trusts it: the answers of a credentials provider and of
// STS, a file with AWS keys, the group's tag. Nothing may do more than be refused; what is taken
// survives being written and read.

#include "cloud/greengrass/issued_credentials.hpp"
#include "cloud/upstream/aws_keys_file.hpp"
#include "contract/credential_setting.hpp"
#include "edge/credentials/aws_credentials.hpp"
#include "libs/base/json.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace evergrass;
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    if (const auto read = edge::parse_credentials_answer(text)) {
        const auto told = parse_json(edge::to_container_json(*read));
        if (!told || string_member(told->get_object(), "Token") != read->session_token) {
            std::abort();
        }
    }
    if (const auto setting = contract::parse_credential_setting(text)) {
        if (contract::to_string(*setting) != text) {
            std::abort();
        }
    }
    if (const auto issued = cloud::greengrass::parse_assume_role_answer(text);
        issued && issued->session_token.empty()) {
        std::abort();
    }
    cloud::greengrass::sts_refusal(text);
    if (const auto keys = cloud::upstream::parse_aws_keys(text);
        keys && keys->access_key_id.find_first_of("\r\n ") != std::string::npos) {
        std::abort();
    }
    return 0;
}
