#include "apps/greengrassd/memory_protection.hpp"

#include "libs/base/file.hpp"
#include "libs/base/secret_text.hpp"

#include <gmock/gmock.h>
#include <openssl/crypto.h>

#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>

namespace evergrass::greengrassd {
namespace {

TEST(memory_protection, leaves_no_dump_and_no_secret_in_common_memory) {
    // In a process of its own: all of it is the process's.
    EXPECT_EXIT(
        {
            protect_memory(logger());
            rlimit dumps{};
            ::getrlimit(RLIMIT_CORE, &dumps);
            const secret_text secret("hush");
            const bool good = ::prctl(PR_GET_DUMPABLE) == 0 && dumps.rlim_cur == 0 &&
                              CRYPTO_secure_allocated(secret.view().data()) == 1;
            ::_exit(good ? 0 : 1);
        },
        ::testing::ExitedWithCode(0), "");
}

TEST(memory_protection, a_key_that_others_may_read_is_told) {
    std::string pattern = ::testing::TempDir() + "evergrass-keys-XXXXXX";
    const std::filesystem::path folder = ::mkdtemp(pattern.data());
    edge::core_config config;
    config.private_key.file = folder / "core.key";
    config.secrets_key.file = folder / "secrets.key";
    EXPECT_TRUE(write_file_atomically(config.private_key.file, "", 0600));
    EXPECT_TRUE(write_file_atomically(config.secrets_key.file, "", 0640));
    const auto log = logger::to_file((folder / "log").string(), log_level::info, 10'000, 1);
    warn_of_open_keys(config, *log);
    const auto said = read_file(folder / "log").value();
    EXPECT_THAT(said, testing::HasSubstr("chmod 600 " + config.secrets_key.file.string()));
    EXPECT_THAT(said, testing::Not(testing::HasSubstr("core.key")));
    std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace evergrass::greengrassd
