#include "libs/db/libpq.hpp"

#include "libs/base/errors.hpp"

#include <dlfcn.h>
#include <string>

namespace evergrass::db {
namespace {

// The interface's version; it has been 5 since PostgreSQL 8.2.
constexpr const char* library = "libpq.so.5";

struct loaded {
    libpq functions;
    std::string missing;  // empty: none

    loaded() {
        // Never closed: its functions are used until the process ends.
        void* const handle = ::dlopen(library, RTLD_NOW | RTLD_LOCAL);
        if (handle == nullptr) {
            missing = ::dlerror();
            return;
        }
        auto& f = functions;
        find(handle, "PQclear", f.PQclear);
        find(handle, "PQcmdTuples", f.PQcmdTuples);
        find(handle, "PQconnectdbParams", f.PQconnectdbParams);
        find(handle, "PQconninfoFree", f.PQconninfoFree);
        find(handle, "PQconninfoParse", f.PQconninfoParse);
        find(handle, "PQdescribePrepared", f.PQdescribePrepared);
        find(handle, "PQerrorMessage", f.PQerrorMessage);
        find(handle, "PQexec", f.PQexec);
        find(handle, "PQexecPrepared", f.PQexecPrepared);
        find(handle, "PQfinish", f.PQfinish);
        find(handle, "PQftype", f.PQftype);
        find(handle, "PQgetisnull", f.PQgetisnull);
        find(handle, "PQgetlength", f.PQgetlength);
        find(handle, "PQgetvalue", f.PQgetvalue);
        find(handle, "PQnfields", f.PQnfields);
        find(handle, "PQntuples", f.PQntuples);
        find(handle, "PQparamtype", f.PQparamtype);
        find(handle, "PQprepare", f.PQprepare);
        find(handle, "PQresultErrorField", f.PQresultErrorField);
        find(handle, "PQresultStatus", f.PQresultStatus);
        find(handle, "PQserverVersion", f.PQserverVersion);
        find(handle, "PQsetNoticeProcessor", f.PQsetNoticeProcessor);
        find(handle, "PQstatus", f.PQstatus);
        find(handle, "PQtransactionStatus", f.PQtransactionStatus);
    }

    template <class Function>
    void find(void* handle, const char* name, Function& into) {
        into = reinterpret_cast<Function>(::dlsym(handle, name));
        if (into == nullptr) {
            missing = std::string(library) + " has no " + name;
        }
    }
};

const loaded& once() {
    static const loaded here;
    return here;
}

}  // namespace

result<void> load_libpq() {
    if (!once().missing.empty()) {
        return error{errc::unavailable, "PostgreSQL's client library cannot be loaded: " +
                                            once().missing + "; install libpq5"};
    }
    return {};
}

const libpq& pq() {
    return once().functions;
}

}  // namespace evergrass::db
