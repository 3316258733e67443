// mqtt_load_certificates DIRECTORY COUNT: a CA, a server's certificate for 127.0.0.1 and COUNT
// devices' (all EC P-256, for a day) in DIRECTORY:
//
//   ca.pem, server.pem, server.key
//   devices.pem   certificate and key of device-0, of device-1, ...
//   devices.txt   a line each: the name and the SHA-256 of the certificate's DER

#include "libs/pki/pki.hpp"

#include <charconv>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iostream>
#include <stdexcept>

namespace {

using namespace evergrass;
using namespace std::chrono_literals;

pki::certificate_request request_for(const std::string& name) {
    pki::certificate_request wanted;
    wanted.common_name = name;
    wanted.not_before = std::chrono::system_clock::now() - 1h;
    wanted.not_after = std::chrono::system_clock::now() + 24h;
    return wanted;
}

void write(const std::string& path, const std::string& text) {
    std::ofstream file(path);
    file << text;
    if (!file.flush()) {
        throw std::runtime_error(path + " cannot be written");
    }
}

void make(const std::string& directory, std::size_t count) {
    const auto ca_key = pki::generate_ec_key();
    auto wanted = request_for("Bench CA");
    wanted.is_ca = true;
    const auto ca = pki::make_self_signed(wanted, ca_key).value();
    const auto issue = [&](const pki::certificate_request& request, const std::string& key) {
        return pki::issue(request, pki::public_key_of(key).value(), ca, ca_key).value();
    };

    const auto server_key = pki::generate_ec_key();
    auto server = request_for("bench-broker");
    server.names = {"127.0.0.1", "localhost"};
    server.for_server = true;
    write(directory + "/ca.pem", ca);
    write(directory + "/server.pem", issue(server, server_key));
    write(directory + "/server.key", server_key);

    std::string pems;
    std::string names;
    for (std::size_t i = 0; i < count; ++i) {
        const auto key = pki::generate_ec_key();
        auto device = request_for("device-" + std::to_string(i));
        device.for_client = true;
        const auto certificate = issue(device, key);
        pems += certificate + key;
        names += device.common_name + " " + pki::read_certificate(certificate).value().id + "\n";
    }
    write(directory + "/devices.pem", pems);
    write(directory + "/devices.txt", names);
}

}  // namespace

int main(int argc, char** argv) {
    std::size_t count = 0;
    if (argc != 3 ||
        std::from_chars(argv[2], argv[2] + std::strlen(argv[2]), count).ec != std::errc{}) {
        std::cerr << "usage: mqtt_load_certificates DIRECTORY COUNT\n";
        return EXIT_FAILURE;
    }
    try {
        make(argv[1], count);
    } catch (const std::exception& e) {
        std::cerr << "mqtt_load_certificates: " << e.what() << "\n";
        return EXIT_FAILURE;
    }
    return EXIT_SUCCESS;
}
