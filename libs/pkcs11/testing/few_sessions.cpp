// A PKCS#11 module for tests: SoftHSM2, which has sessions without end, as a token that has few.
// Each file in the folder that EVERGRASS_FEW_SESSIONS names is a session; whoever has one holds a
// lock on its file, so the limit is for all programs together, and what a killed one held is free
// again. All else is SoftHSM2's own.
#define CRYPTOKI_COMPAT
#include <cstdlib>
#include <dlfcn.h>
#include <fcntl.h>
#include <filesystem>
#include <map>
#include <mutex>
#include <p11-kit/pkcs11.h>
#include <sys/file.h>
#include <unistd.h>

namespace {

constexpr const char* soft_token = "/usr/lib/softhsm/libsofthsm2.so";

struct held_session {
    CK_SLOT_ID slot;
    int lock;
};

// What a module has to keep for its process.
struct state {
    std::mutex mutex;
    CK_FUNCTION_LIST* own = nullptr;
    CK_FUNCTION_LIST limited{};
    std::map<CK_SESSION_HANDLE, held_session> held;
};

state& of_process() {
    static state one;
    return one;
}

std::filesystem::path folder() {
    const char* named = std::getenv("EVERGRASS_FEW_SESSIONS");
    return named == nullptr ? "/nonexistent" : named;
}

// A descriptor that holds the lock of one that was free; -1: none was.
int take_session() {
    std::error_code none;
    for (const auto& file : std::filesystem::directory_iterator(folder(), none)) {
        const int opened = ::open(file.path().c_str(), O_RDONLY | O_CLOEXEC);
        if (opened >= 0 && ::flock(opened, LOCK_EX | LOCK_NB) == 0) {
            return opened;
        }
        if (opened >= 0) {
            ::close(opened);
        }
    }
    return -1;
}

template <class Which>
void give_back(const Which& which) {
    auto& in = of_process();
    const std::lock_guard hold(in.mutex);
    for (auto at = in.held.begin(); at != in.held.end();) {
        if (which(*at)) {
            ::close(at->second.lock);
            at = in.held.erase(at);
        } else {
            ++at;
        }
    }
}

CK_RV open_session(CK_SLOT_ID slot, CK_FLAGS flags, void* with, CK_NOTIFY notify,
                   CK_SESSION_HANDLE* session) {
    const int lock = take_session();
    if (lock < 0) {
        return CKR_SESSION_COUNT;
    }
    auto& in = of_process();
    const auto code = in.own->C_OpenSession(slot, flags, with, notify, session);
    if (code != CKR_OK) {
        ::close(lock);
        return code;
    }
    const std::lock_guard hold(in.mutex);
    in.held[*session] = {slot, lock};
    return CKR_OK;
}

CK_RV close_session(CK_SESSION_HANDLE session) {
    const auto code = of_process().own->C_CloseSession(session);
    give_back([&](const auto& one) { return one.first == session; });
    return code;
}

CK_RV close_all_sessions(CK_SLOT_ID slot) {
    const auto code = of_process().own->C_CloseAllSessions(slot);
    give_back([&](const auto& one) { return one.second.slot == slot; });
    return code;
}

CK_RV finalize(void* reserved) {
    const auto code = of_process().own->C_Finalize(reserved);
    give_back([](const auto&) { return true; });
    return code;
}

}  // namespace

extern "C" CK_RV C_GetFunctionList(CK_FUNCTION_LIST** list) {
    auto& in = of_process();
    const std::lock_guard hold(in.mutex);
    if (in.own == nullptr) {
        void* const library = ::dlopen(soft_token, RTLD_NOW | RTLD_LOCAL);
        const auto found =
            library == nullptr
                ? nullptr
                : reinterpret_cast<CK_C_GetFunctionList>(::dlsym(library, "C_GetFunctionList"));
        if (found == nullptr || found(&in.own) != CKR_OK) {
            return CKR_GENERAL_ERROR;
        }
        in.limited = *in.own;
        in.limited.C_OpenSession = open_session;
        in.limited.C_CloseSession = close_session;
        in.limited.C_CloseAllSessions = close_all_sessions;
        in.limited.C_Finalize = finalize;
        in.limited.C_GetFunctionList = C_GetFunctionList;
    }
    *list = &in.limited;
    return CKR_OK;
}
