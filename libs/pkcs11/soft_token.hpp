#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <sys/stat.h>

namespace evergrass::pkcs11 {

// A SoftHSM2 of a test's own, where Debian's package is installed. Commands are those that a user
// would type.
class soft_token {
public:
    static constexpr const char* user_pin = "4711-user";

    soft_token() {
        std::string pattern = ::testing::TempDir() + "evergrass-softhsm-XXXXXX";
        if (::mkdtemp(pattern.data()) == nullptr) {
            return;
        }
        folder_ = pattern;
        std::filesystem::create_directory(folder_ + "/tokens");
        std::ofstream(folder_ + "/softhsm2.conf")
            << "directories.tokendir = " << folder_ << "/tokens\nobjectstore.backend = file\n"
            << "log.level = ERROR\n";
        // The module reads it when it is initialized.
        ::setenv("SOFTHSM2_CONF", (folder_ + "/softhsm2.conf").c_str(), 1);
        is_there_ = std::filesystem::exists(module_path()) &&
                    run("softhsm2-util --version >/dev/null 2>&1");
    }
    ~soft_token() {
        std::error_code ignored;
        std::filesystem::remove_all(folder_, ignored);
    }
    soft_token(const soft_token&) = delete;
    soft_token& operator=(const soft_token&) = delete;

    bool is_there() const { return is_there_; }
    const std::string& folder() const { return folder_; }

    static std::string module_path() { return "/usr/lib/softhsm/libsofthsm2.so"; }
    // Of the object in the token, for this module.
    static std::string uri_of(const std::string& token, const std::string& object) {
        return "pkcs11:token=" + token + ";object=" + object + "?module-path=" + module_path();
    }

    void make_token(const std::string& label) {
        EXPECT_TRUE(run("softhsm2-util --init-token --free --label " + label +
                        " --so-pin 12345678 --pin " + user_pin + " >/dev/null"));
    }
    // `kind` as `openssl genpkey` has it: "RSA -pkeyopt rsa_keygen_bits:2048".
    void make_key(const std::string& token, const std::string& label, const std::string& kind) {
        const auto file = folder_ + "/" + label + ".pem";
        EXPECT_TRUE(run("openssl genpkey -algorithm " + kind + " -out " + file + " 2>/dev/null"));
        import(token, label, file, "");
    }
    void make_aes_key(const std::string& token, const std::string& label) {
        const auto file = folder_ + "/" + label + ".aes";
        std::ofstream(file) << std::string(32, static_cast<char>('a' + ids_));
        import(token, label, file, "--aes");
    }
    std::string public_key_file(const std::string& label) {
        const auto file = folder_ + "/" + label + ".pub";
        EXPECT_TRUE(run("openssl pkey -in " + folder_ + "/" + label + ".pem -pubout -out " + file));
        return file;
    }

    static bool run(const std::string& command) { return std::system(command.c_str()) == 0; }

private:
    void import(const std::string& token, const std::string& label, const std::string& file,
                const std::string& more) {
        EXPECT_TRUE(run("softhsm2-util --import " + file + " --token " + token + " --label " +
                        label + " --id 0" + std::to_string(++ids_) + " --pin " + user_pin + " " +
                        more + " >/dev/null"));
    }

    std::string folder_;
    bool is_there_ = false;
    int ids_ = 0;
};

constexpr const char* no_soft_token = "SoftHSM2 is not installed (softhsm2)";

}  // namespace evergrass::pkcs11
