// A text sealed for this reader, as it comes from whoever had the certificate: any bytes are
// refused or opened, by the right key alone.

#include "libs/pki/envelope.hpp"
#include "libs/pki/private_key.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

namespace {

namespace pki = evergrass::pki;

struct reader {
    pki::private_key key;
    std::string_view certificate_pem;
};

// Fixed, so that what the corpus has was sealed for them.
constexpr std::string_view ec_certificate =
    R"(-----BEGIN CERTIFICATE-----
MIIBeDCCAR+gAwIBAgIUCoSCa6pNwsk5c/3RfeLNZZWBbLgwCgYIKoZIzj0EAwIw
ETEPMA0GA1UEAwwGcmVhZGVyMCAXDTI2MTEyODA3MDg0OFoYDzIxMjYxMTA0MDcw
ODQ4WjARMQ8wDQYDVQQDDAZyZWFkZXIwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNC
AARmRJ9NIrJm56r+rpmc1LiZTEAgLFIyZKaztFNj+Fa4H+qezjwTGW3m0zeoqX+z
fTio1ZO0a/UO+kLMdPmklotMo1MwUTAdBgNVHQ4EFgQUm42Gjs2xe07PWxICUK4a
PCyIXhIwHwYDVR0jBBgwFoAUm42Gjs2xe07PWxICUK4aPCyIXhIwDwYDVR0TAQH/
BAUwAwEB/zAKBggqhkjOPQQDAgNHADBEAiAkXAWilNvY7uutZrwANWfjCp7mjY6Y
JeLrqBY9AgcFVgIgOE6Guz5ygd8QZF2kZYlMWaKwdPQqi9c++aKVMDKu22M=
-----END CERTIFICATE-----)";
constexpr std::string_view ec_key =
    R"(-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgXjNuTlH4DhYyq+rd
7unnbda/TokHZaaFRbjD80wLHB+hRANCAARmRJ9NIrJm56r+rpmc1LiZTEAgLFIy
ZKaztFNj+Fa4H+qezjwTGW3m0zeoqX+zfTio1ZO0a/UO+kLMdPmklotM
-----END PRIVATE KEY-----)";
constexpr std::string_view rsa_certificate =
    R"(-----BEGIN CERTIFICATE-----
MIIDBTCCAe2gAwIBAgIUV5aRqxVpUQT1Pf//wfFsBrf6tpAwDQYJKoZIhvcNAQEL
BQAwETEPMA0GA1UEAwwGcmVhZGVyMCAXDTI2MTEyODA3MDg0OFoYDzIxMjYxMTA0
MDcwODQ4WjARMQ8wDQYDVQQDDAZyZWFkZXIwggEiMA0GCSqGSIb3DQEBAQUAA4IB
DwAwggEKAoIBAQDItFkoi1nvnJ5Ay5cZIUJmvQLnTujDLPqc+u+v1mzn2xkKYm2p
8JOg12zqyWLhAV1hBwD9w+EWqHc+CTfQ6AJu3ul9lsTGxx9XElEZxsEwLeUiO2W2
zjfYS1Zc93QX2GibJrO3usvKoFrbY6JJTLpErv7IBt9es0xpzxK5VKfmlklxkX6J
5QhNgbZqzn+Jaqk3WC2tvhsFI3dtABcKR1ywcNZMiTCaUcZft7OWslCZ6ELD14PM
rQAglAq93bixYREAkTplNaqCKEIjYRFdQjviqgttpk6eG5KHyi3fNp4kNBvpt04s
RxM8vRG5msbDG4CNC5T7b5ul+57TOuv6ij2BAgMBAAGjUzBRMB0GA1UdDgQWBBTT
iFUhEpEORVzyCp7YN+ke8rnJkTAfBgNVHSMEGDAWgBTTiFUhEpEORVzyCp7YN+ke
8rnJkTAPBgNVHRMBAf8EBTADAQH/MA0GCSqGSIb3DQEBCwUAA4IBAQCqaTrxFksC
gJMVXeMpKNJWBahdEYAV/jTUGpH50OOedcQUbNvml2B5YnAMAyfLITAoZbj2xQYL
us6AIj3IAH2d1S9R4NcJkLgJprWzEpc/05+WRT3VXf/rOfk1RX8p2YEdX7gB8SRI
IzcUm2qHbZoXsyCO7S+Gz5n/3Qekbtf4u0rWJd+I4oHgzjyRb6dPdptxSx7fm+DA
Vi8L5GOPvw3nXaRsMGolVP/GeisHnEnQpT4SaukiGCASkTfVt/VntmG8XhDDAlOx
1WQeICQkrhcHrxQPt2y53fhwa4oIw7EpDCUQWUezmgLkoELyxgnT33LX9cWRHbP2
mOxCvfIWmadw
-----END CERTIFICATE-----)";
constexpr std::string_view rsa_key =
    R"(-----BEGIN PRIVATE KEY-----
MIIEvAIBADANBgkqhkiG9w0BAQEFAASCBKYwggSiAgEAAoIBAQDItFkoi1nvnJ5A
y5cZIUJmvQLnTujDLPqc+u+v1mzn2xkKYm2p8JOg12zqyWLhAV1hBwD9w+EWqHc+
CTfQ6AJu3ul9lsTGxx9XElEZxsEwLeUiO2W2zjfYS1Zc93QX2GibJrO3usvKoFrb
Y6JJTLpErv7IBt9es0xpzxK5VKfmlklxkX6J5QhNgbZqzn+Jaqk3WC2tvhsFI3dt
ABcKR1ywcNZMiTCaUcZft7OWslCZ6ELD14PMrQAglAq93bixYREAkTplNaqCKEIj
YRFdQjviqgttpk6eG5KHyi3fNp4kNBvpt04sRxM8vRG5msbDG4CNC5T7b5ul+57T
Ouv6ij2BAgMBAAECggEAHDrzKtbwUgSQuo1zFdz4lt8xeDFAX9Tvn+1TPG49MvQ9
lpksp/wc+mvYDULsA7kU64UNgyQuVhO2c1qJks/805/Kw4MARPNqJEMBIaPetYpR
vJm9NKmB77b9EVDZxVGHuSxdl/4QFH1Z+kTj5UqDuA3N7CW8p83cICqOYtTA/xes
Q3/FFgHLqxY1t8zpZXDnNBpi12LiTgiSke8gho9mrws2OqEc/kHdDkQ0sYKGQvHX
3p3YOFRxRGVw24qEfd7rBr68FbPbKjC4pS65rzukqHEa+w/Xh9MS+XBKGYsLmsHb
27a6y44MIUWoyEaegh3c6E2bNkxriPUeevbUJP0kvwKBgQDya9vudHe6SRW64UkK
TJ27zSDJ1Dm0rt01sht6ubRlK9jahGaz8LzpFDfBmmQOGxxXZvFOJeCd63CbLK7o
MAGowAZsPL0GJzqpPsW9T9ZdAhQznYTRAn3n7lcxrg4Kd/gKEKnogT2TS1sGh0dw
mt7L3T4pK82SjpPOGnBCf7hiRwKBgQDT8k0Czux25SssrZoRacgXWD3CrSHpuG9x
elevv9nT45MCb/mB0B47GRQVNRizMk6XyCQoaxhNin4BMzaLEQNBfijLyQ9ltOMR
NvAutLTOOd8wZN6KdhpwXzu5UaII8T9JuLqRs2aPi802IypIYqX1Sruz4U5BGHYQ
TnJrpcO99wKBgHhxcE70HLw4LYyw+6obUM8K5nyAbb9AlfVkrVR3SZJui4pd9+z0
8dbXza/p9kYv4A/ovIE4PnYXkNX4CFqh52EhLs++Cagx+2o1Huek7/s72i+e1mtF
0qpV94peUOmQm3Lcvp4fACnbabk/oxXmTEV7gbPQ6I0lO3hOGHJhpIlnAoGAOokM
492qSRv51JkNmAmTDX99byrJ1vbtMHYNiah+zJppm565VjTYZJIEjebgL32RXzIT
amZJjADX1BUE11uXfpsNQVsCOaC/pZ16sCuQU/R/w6nYHH2Jx8dFg2UcT0Pxqrau
MFdP2A1QW8dSgjNcimZdeMydBDVxRgekaj6Z1PkCgYA4g5F6ObVwNpobHbJk7zZc
jX1uTWCSYMA9PxoswGPYtFgK+LzZF+/+eMcHOTb1tCJdwH4HL8TbgNsPyfSdFYwC
DBN8fbetEUyTiJXkca7qrt0z4v3NZvfR3G+LpHXl4illweaw1r1c4hPvC7iN/mS0
XLsrakGvDtfbO6418z0f7w==
-----END PRIVATE KEY-----)";

void check(bool holds) {
    if (!holds) {
        std::abort();
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static const reader with_ec{*pki::private_key::from_pem(ec_key), ec_certificate};
    static const reader with_rsa{*pki::private_key::from_pem(rsa_key), rsa_certificate};
    const std::string_view bytes(reinterpret_cast<const char*>(data), size);
    for (const auto* one : {&with_ec, &with_rsa}) {
        const auto opened = pki::open_envelope(bytes, one->certificate_pem, one->key);
        check(!opened || opened->size() <= size);
        if (opened) {
            // The last byte is of the tag: whatever opens is authenticated.
            std::string changed(bytes);
            changed.back() = static_cast<char>(changed.back() ^ 1);
            check(!pki::open_envelope(changed, one->certificate_pem, one->key));
        }
    }
    const auto sealed = pki::seal_for(with_ec.certificate_pem, bytes);
    check(sealed.has_value());
    const auto opened = pki::open_envelope(*sealed, with_ec.certificate_pem, with_ec.key);
    check(opened && *opened == bytes);
    check(!pki::open_envelope(*sealed, with_rsa.certificate_pem, with_rsa.key));
    return 0;
}
