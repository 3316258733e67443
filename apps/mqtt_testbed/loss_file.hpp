#pragma once

#include "libs/base/result.hpp"
#include "libs/mqtt/policy.hpp"

#include <memory>
#include <string>
#include <string_view>

namespace evergrass::testbed {

// One line of JSON for each message that a client did not get,
//   {"why":"queue full","topic":"a/b","client":"c"}
// so that a test can account for every message. A line is with the system when add() returns: it
// is there after kill -9, but perhaps not after a power cut. Any thread.
class loss_file {
public:
    // Appends to what is there. The error names the file.
    static result<std::unique_ptr<loss_file>> open(const std::string& path);
    ~loss_file();
    loss_file(const loss_file&) = delete;
    loss_file& operator=(const loss_file&) = delete;

    // Ends the process when the disk refuses it: nothing could be accounted for any more.
    void add(mqtt::loss why, std::string_view topic, std::string_view client_id);

private:
    explicit loss_file(int file) : file_(file) {}

    const int file_;
};

}  // namespace evergrass::testbed
