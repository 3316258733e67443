#include "libs/pkcs11/token.hpp"

#include "libs/base/errors.hpp"
#include "libs/base/random.hpp"
#include "libs/pkcs11/module.hpp"
#include "libs/pkcs11/rsa_public.hpp"

#include <algorithm>
#include <array>
#include <mutex>
#include <optional>
#include <vector>

namespace evergrass::pkcs11 {
namespace {

// Debian's p11-kit: a module that stands for all that the system knows.
constexpr const char* modules_of_system = "p11-kit-proxy.so";

constexpr std::size_t nonce_bytes = 12;
constexpr unsigned long tag_bits = 128;
constexpr std::size_t most_wrapped = 128;

// What a wrapped text begins with: how it was wrapped.
constexpr char by_rsa = 'R';
constexpr char by_aes = 'A';

template <std::size_t size>
std::string unpadded(const unsigned char (&field)[size]) {
    std::string text(reinterpret_cast<const char*>(field), size);
    text.erase(text.find_last_not_of(std::string_view(" \0", 2)) + 1);
    return text;
}

bool fits(const std::optional<std::string>& wanted, const std::string& found) {
    return !wanted || *wanted == found;
}

unsigned char* bytes_of(std::string_view text) {
    // PKCS#11 takes what it only reads without const.
    return const_cast<unsigned char*>(reinterpret_cast<const unsigned char*>(text.data()));
}

CK_ATTRIBUTE text_attribute(CK_ATTRIBUTE_TYPE type, const std::string& text) {
    return {type, bytes_of(text), text.size()};
}

CK_RSA_PKCS_OAEP_PARAMS oaep_with_sha1() {
    CK_RSA_PKCS_OAEP_PARAMS how{};
    how.hashAlg = CKM_SHA_1;
    how.mgf = CKG_MGF1_SHA1;
    how.source = CKZ_DATA_SPECIFIED;
    return how;
}

std::optional<key_kind> kind_of(CK_KEY_TYPE type) {
    switch (type) {
        case CKK_RSA:
            return key_kind::rsa;
        case CKK_EC:
            return key_kind::ec;
        case CKK_AES:
            return key_kind::aes;
        default:
            return std::nullopt;
    }
}

CK_MECHANISM_TYPE mechanism_of(signing how) {
    switch (how) {
        case signing::rsa_pkcs1:
            return CKM_RSA_PKCS;
        case signing::rsa_pkcs1_sha256:
            return CKM_SHA256_RSA_PKCS;
        case signing::rsa_raw:
            return CKM_RSA_X_509;
        case signing::ecdsa:
            return CKM_ECDSA;
    }
    return CKM_RSA_PKCS;
}

// CKA_EC_POINT is an OCTET STRING around the point; some tokens have the bare point.
std::string point_of(std::string attribute) {
    const auto size = attribute.size();
    const auto at = [&](std::size_t i) { return static_cast<unsigned char>(attribute[i]); };
    if (size > 2 && at(0) == 4 && at(1) < 0x80 && at(1) == size - 2) {
        return attribute.substr(2);
    }
    if (size > 3 && at(0) == 4 && at(1) == 0x81 && at(2) == size - 3) {
        return attribute.substr(3);
    }
    return attribute;
}

}  // namespace

struct token::implementation {
    using begin_call = CK_RV (*)(CK_SESSION_HANDLE, CK_MECHANISM*, CK_OBJECT_HANDLE);
    using carry_out = CK_RV (*)(CK_SESSION_HANDLE, unsigned char*, unsigned long, unsigned char*,
                                unsigned long*);

    ~implementation() {
        if (is_open) {
            library->call().C_CloseSession(session);
        }
    }

    std::string shown() const { return "the token '" + label + "' of " + library->path(); }

    result<CK_SLOT_ID> find_slot(const uri& named) {
        unsigned long count = 0;
        auto code = library->call().C_GetSlotList(CK_TRUE, nullptr, &count);
        std::vector<CK_SLOT_ID> slots(count);
        if (code == CKR_OK && count != 0) {
            code = library->call().C_GetSlotList(CK_TRUE, slots.data(), &count);
        }
        if (code != CKR_OK) {
            return library->failed("tokens cannot be listed", code);
        }
        slots.resize(std::min<std::size_t>(count, slots.size()));
        std::vector<CK_SLOT_ID> fitting;
        std::string labels;
        for (const auto slot : slots) {
            CK_TOKEN_INFO info{};
            // One that was taken out meanwhile, or was never set up, is none.
            if (library->call().C_GetTokenInfo(slot, &info) != CKR_OK ||
                (info.flags & CKF_TOKEN_INITIALIZED) == 0) {
                continue;
            }
            const auto name = unpadded(info.label);
            labels += (labels.empty() ? "'" : ", '") + name + "'";
            if (fits(named.token, name) && fits(named.serial, unpadded(info.serialNumber)) &&
                fits(named.manufacturer, unpadded(info.manufacturerID)) &&
                fits(named.model, unpadded(info.model)) &&
                (!named.slot_id || *named.slot_id == slot)) {
                fitting.push_back(slot);
                label = name;
            }
        }
        if (fitting.size() == 1) {
            return fitting.front();
        }
        const auto there = labels.empty() ? std::string("there is none") : "there are " + labels;
        return error{
            errc::not_found,
            fitting.empty()
                ? "no token of " + library->path() + " is as the PKCS#11 URI says; " + there
                : "several tokens of " + library->path() + " are as the PKCS#11 URI says (" +
                      there + "); name one with token= or serial="};
    }

    result<void> log_in(CK_SLOT_ID slot, std::string_view pin) {
        auto code =
            library->call().C_OpenSession(slot, CKF_SERIAL_SESSION, nullptr, nullptr, &session);
        if (code != CKR_OK) {
            return library->failed(shown(), code);
        }
        is_open = true;
        in_slot = slot;
        code = library->call().C_Login(session, CKU_USER, bytes_of(pin), pin.size());
        if (code != CKR_OK && code != CKR_USER_ALREADY_LOGGED_IN) {
            return library->failed(shown(), code);
        }
        return {};
    }

    result<std::vector<CK_OBJECT_HANDLE>> find(std::vector<CK_ATTRIBUTE> wanted) {
        auto code = library->call().C_FindObjectsInit(session, wanted.data(), wanted.size());
        std::array<CK_OBJECT_HANDLE, 2> found{};  // more than one is what counts
        unsigned long count = 0;
        if (code == CKR_OK) {
            code = library->call().C_FindObjects(session, found.data(), found.size(), &count);
            library->call().C_FindObjectsFinal(session);
        }
        if (code != CKR_OK) {
            return library->failed("keys of " + shown(), code);
        }
        return std::vector<CK_OBJECT_HANDLE>(found.begin(),
                                             found.begin() + static_cast<long>(count));
    }

    result<std::string> attribute(CK_OBJECT_HANDLE object, CK_ATTRIBUTE_TYPE type) {
        CK_ATTRIBUTE wanted{type, nullptr, 0};
        auto code = library->call().C_GetAttributeValue(session, object, &wanted, 1);
        std::string value;
        if (code == CKR_OK && wanted.ulValueLen != CK_UNAVAILABLE_INFORMATION) {
            value.resize(wanted.ulValueLen);
            wanted.pValue = value.data();
            code = library->call().C_GetAttributeValue(session, object, &wanted, 1);
        }
        if (code != CKR_OK) {
            return library->failed("a key of " + shown(), code);
        }
        return value;
    }

    // An operation of one part. `room` is what its outcome has at most.
    result<std::string> carry(std::string_view what, begin_call begin, carry_out run,
                              CK_MECHANISM mechanism, const key& with, std::string_view input,
                              std::size_t room) {
        const std::lock_guard hold(mutex);
        auto code = begin(session, &mechanism, with.handle);
        std::string output(room, '\0');
        unsigned long size = output.size();
        if (code == CKR_OK) {
            code = run(session, bytes_of(input), input.size(), bytes_of(output), &size);
        }
        if (code != CKR_OK) {
            return library->failed(std::string(what) + " by " + shown(), code);
        }
        output.resize(std::min<std::size_t>(size, output.size()));
        return output;
    }

    result<std::string> gcm(const key& with, std::string_view nonce, std::string_view purpose,
                            std::string_view input, bool seals) {
        CK_GCM_PARAMS how{};
        how.iv_ptr = bytes_of(nonce);
        how.iv_len = nonce.size();
        how.iv_bits = nonce.size() * 8;
        how.aad_ptr = bytes_of(purpose);
        how.aad_len = purpose.size();
        how.tag_bits = tag_bits;
        auto& call = library->call();
        return carry(seals ? "wrapping" : "unwrapping",
                     seals ? call.C_EncryptInit : call.C_DecryptInit,
                     seals ? call.C_Encrypt : call.C_Decrypt, {CKM_AES_GCM, &how, sizeof how}, with,
                     input, input.size() + tag_bits / 8);
    }

    // Before the module, whose last act is to forget all sessions.
    std::unique_ptr<module> library;
    CK_SLOT_ID in_slot = 0;
    CK_SESSION_HANDLE session = 0;
    bool is_open = false;
    std::string label;
    std::mutex mutex;
};

token::token(std::unique_ptr<implementation> implementation)
    : implementation_(std::move(implementation)) {}

token::~token() = default;

const std::string& token::label() const {
    return implementation_->label;
}

result<std::unique_ptr<token>> token::open(const uri& named, std::string_view pin) {
    auto library = module::open(named.module_path.value_or(modules_of_system));
    if (!library) {
        return library.error();
    }
    auto made = std::make_unique<implementation>();
    made->library = std::move(*library);
    const auto slot = made->find_slot(named);
    if (!slot) {
        return slot.error();
    }
    if (auto in = made->log_in(*slot, pin); !in) {
        return in.error();
    }
    return std::unique_ptr<token>(new token(std::move(made)));
}

result<key> token::find_key(const uri& named) {
    auto& in = *implementation_;
    const std::lock_guard hold(in.mutex);
    std::vector<CK_OBJECT_CLASS> classes;
    if (named.type.value_or("private") == "private") {
        classes.push_back(CKO_PRIVATE_KEY);
    }
    if (named.type.value_or("secret-key") == "secret-key") {
        classes.push_back(CKO_SECRET_KEY);
    }
    std::vector<CK_OBJECT_HANDLE> all;
    for (auto& each : classes) {
        std::vector<CK_ATTRIBUTE> wanted{{CKA_CLASS, &each, sizeof each}};
        if (named.object) {
            wanted.push_back(text_attribute(CKA_LABEL, *named.object));
        }
        if (named.id) {
            wanted.push_back(text_attribute(CKA_ID, *named.id));
        }
        const auto found = in.find(std::move(wanted));
        if (!found) {
            return found.error();
        }
        all.insert(all.end(), found->begin(), found->end());
    }
    if (all.size() != 1) {
        return error{errc::not_found, (all.empty() ? "no private or secret key of "
                                                   : "several private or secret keys of ") +
                                          in.shown() + (all.empty() ? " is" : " are") +
                                          " as the PKCS#11 URI says; name one with object= or id="};
    }
    const auto type = in.attribute(all.front(), CKA_KEY_TYPE);
    if (!type) {
        return type.error();
    }
    CK_KEY_TYPE number = 0;
    std::copy_n(type->data(), std::min(type->size(), sizeof number),
                reinterpret_cast<char*>(&number));
    const auto kind = kind_of(number);
    if (!kind) {
        return error{errc::unsupported,
                     "the key in " + in.shown() + " is neither RSA, elliptic curve nor AES"};
    }
    return key{all.front(), *kind};
}

result<std::string> token::sign(const key& with, signing how, std::string_view bytes) {
    auto& in = *implementation_;
    auto& call = in.library->call();
    constexpr std::size_t longest_signature = 2'048;  // RSA of 16384 bits
    return in.carry("signing", call.C_SignInit, call.C_Sign, {mechanism_of(how), nullptr, 0}, with,
                    bytes, longest_signature);
}

result<std::string> token::decrypt(const key& with, std::string_view bytes, padding padded) {
    auto& in = *implementation_;
    auto& call = in.library->call();
    auto oaep = oaep_with_sha1();
    CK_MECHANISM how{CKM_RSA_PKCS_OAEP, &oaep, sizeof oaep};
    if (padded != padding::oaep_sha1) {
        how = {padded == padding::pkcs1 ? CKM_RSA_PKCS : CKM_RSA_X_509, nullptr, 0};
    }
    return in.carry("decrypting", call.C_DecryptInit, call.C_Decrypt, how, with, bytes,
                    bytes.size());
}

result<std::string> token::agree(const key& with, std::string_view point, std::size_t bytes) {
    auto& in = *implementation_;
    const std::lock_guard hold(in.mutex);
    CK_ECDH1_DERIVE_PARAMS other{};
    other.kdf = CKD_NULL;
    other.public_data = bytes_of(point);
    other.public_data_len = point.size();
    CK_MECHANISM how{CKM_ECDH1_DERIVE, &other, sizeof other};
    CK_OBJECT_CLASS is_secret = CKO_SECRET_KEY;
    CK_KEY_TYPE generic = CKK_GENERIC_SECRET;
    CK_BBOOL yes = CK_TRUE;
    CK_BBOOL no = CK_FALSE;
    unsigned long size = bytes;
    std::array<CK_ATTRIBUTE, 6> wanted{{{CKA_CLASS, &is_secret, sizeof is_secret},
                                        {CKA_KEY_TYPE, &generic, sizeof generic},
                                        {CKA_TOKEN, &no, sizeof no},
                                        {CKA_SENSITIVE, &no, sizeof no},
                                        {CKA_EXTRACTABLE, &yes, sizeof yes},
                                        {CKA_VALUE_LEN, &size, sizeof size}}};
    CK_OBJECT_HANDLE agreed = 0;
    const auto code = in.library->call().C_DeriveKey(in.session, &how, with.handle, wanted.data(),
                                                     wanted.size(), &agreed);
    if (code != CKR_OK) {
        return in.library->failed("agreeing on a key by " + in.shown(), code);
    }
    auto value = in.attribute(agreed, CKA_VALUE);
    in.library->call().C_DestroyObject(in.session, agreed);
    return value;
}

result<public_half> token::public_half_of(const key& of, const uri& named) {
    auto& in = *implementation_;
    const std::lock_guard hold(in.mutex);
    public_half half;
    half.kind = of.kind;
    const auto take = [&](CK_OBJECT_HANDLE object, CK_ATTRIBUTE_TYPE type,
                          std::string& into) -> result<void> {
        auto value = in.attribute(object, type);
        if (!value) {
            return value.error();
        }
        into = std::move(*value);
        return {};
    };
    if (of.kind == key_kind::rsa) {
        auto taken = take(of.handle, CKA_MODULUS, half.modulus);
        if (taken) {
            taken = take(of.handle, CKA_PUBLIC_EXPONENT, half.exponent);
        }
        return taken ? result<public_half>(std::move(half)) : taken.error();
    }
    CK_OBJECT_CLASS is_public = CKO_PUBLIC_KEY;
    std::vector<CK_ATTRIBUTE> wanted{{CKA_CLASS, &is_public, sizeof is_public}};
    if (named.object) {
        wanted.push_back(text_attribute(CKA_LABEL, *named.object));
    }
    if (named.id) {
        wanted.push_back(text_attribute(CKA_ID, *named.id));
    }
    const auto found = in.find(std::move(wanted));
    if (!found) {
        return found.error();
    }
    if (found->size() != 1) {
        return error{errc::not_found,
                     "the public key of the key in " + in.shown() +
                         " is not there, or several are: put one beside it, of the same label"};
    }
    auto taken = take(found->front(), CKA_EC_PARAMS, half.parameters);
    if (taken) {
        taken = take(found->front(), CKA_EC_POINT, half.point);
    }
    if (!taken) {
        return taken.error();
    }
    half.point = point_of(std::move(half.point));
    return half;
}

bool token::can(signing how) const {
    CK_MECHANISM_INFO info{};
    return implementation_->library->call().C_GetMechanismInfo(implementation_->in_slot,
                                                               mechanism_of(how), &info) == CKR_OK;
}

result<std::string> token::wrap(const key& with, std::string_view plain, std::string_view purpose) {
    auto& in = *implementation_;
    if (plain.size() + purpose.size() > most_wrapped) {
        return error{errc::too_large, "more than 128 bytes cannot be wrapped"};
    }
    if (with.kind == key_kind::aes) {
        const auto nonce = random_bytes(nonce_bytes);
        auto sealed = in.gcm(with, nonce, purpose, plain, true);
        if (!sealed) {
            return sealed;
        }
        return std::string(1, by_aes) + nonce + *sealed;
    }
    if (with.kind != key_kind::rsa) {
        return error{errc::unsupported, "the key in " + in.shown() +
                                            " is of an elliptic curve; an RSA or AES key wraps"};
    }
    std::unique_lock hold(in.mutex);
    const auto modulus = in.attribute(with.handle, CKA_MODULUS);
    const auto exponent = in.attribute(with.handle, CKA_PUBLIC_EXPONENT);
    hold.unlock();
    if (!modulus || !exponent) {
        return modulus ? exponent.error() : modulus.error();
    }
    // OAEP has no purpose of its own.
    auto sealed = encrypt_for(*modulus, *exponent, std::string(purpose) + std::string(plain));
    if (!sealed) {
        return with_context(sealed.error(), "the key in " + in.shown());
    }
    return std::string(1, by_rsa) + *sealed;
}

result<std::string> token::unwrap(const key& with, std::string_view wrapped,
                                  std::string_view purpose) {
    auto& in = *implementation_;
    const error another{errc::corrupt, "it was not wrapped with the key in " + in.shown()};
    const auto how = with.kind == key_kind::aes ? by_aes : by_rsa;
    if (!wrapped.starts_with(how) || wrapped.size() < 1 + nonce_bytes) {
        return another;
    }
    wrapped.remove_prefix(1);
    if (how == by_aes) {
        auto plain = in.gcm(with, wrapped.substr(0, nonce_bytes), purpose,
                            wrapped.substr(nonce_bytes), false);
        return plain || plain.error().code == errc::denied ? plain : another;
    }
    auto plain = decrypt(with, wrapped);
    if (!plain) {
        return plain.error().code == errc::denied ? plain : another;
    }
    if (!plain->starts_with(purpose)) {
        return another;
    }
    return plain->substr(purpose.size());
}

}  // namespace evergrass::pkcs11
