#pragma once

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <string>
#include <thread>

namespace evergrass::pki {

// RSA-2048 keys made ahead, since one takes 100 ms and more: for who creates many groups or things
// at once. Its thread has the lowest priority (nice 19). Nothing is made before the
// first key is asked for; after that as many wait as were asked for in a row faster than they could
// be made, up to `most`. Keys are in memory only, each is given away once.
class rsa_key_pool {
public:
    // `make` is called on the pool's thread and on those of callers; generate_rsa_key unless told.
    explicit rsa_key_pool(std::size_t most = 1024, std::function<std::string()> make = {});
    // Gives up the key that is being made; `make` is waited for.
    ~rsa_key_pool();
    rsa_key_pool(const rsa_key_pool&) = delete;
    rsa_key_pool& operator=(const rsa_key_pool&) = delete;

    // PKCS#8 PEM. Makes the key when none waits. On any thread.
    std::string take();

    std::size_t waiting() const;

private:
    void work();

    const std::size_t most_;
    const std::function<std::string()> make_;  // may be empty
    mutable std::mutex mutex_;
    std::condition_variable changed_;
    std::deque<std::string> keys_;
    std::size_t wanted_ = 0;
    std::atomic<bool> stops_ = false;
    std::thread worker_;  // from the first take() on
};

}  // namespace evergrass::pki
