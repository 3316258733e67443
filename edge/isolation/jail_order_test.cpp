#include "edge/isolation/jail_order.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace evergrass::edge::isolation {
namespace {

using ::testing::HasSubstr;

jail_order full() {
    jail_order order;
    order.program = "/usr/bin/python3";
    order.arguments = {"python3.11", "/runtime/python/lambda_runtime.py", ""};
    order.environment = {"HOME=/lambda", "EMPTY="};
    order.directory = "/lambda";
    order.uid = 4294967294;
    order.gid = 998;
    order.groups = {20, 44};
    order.work_directory = "/greengrass/ggc/var/work/7";
    order.mounts = {{"/srv/a b", "/data", true}, {"/x", "/lambda", false}};
    order.devices = {{"/dev/ttyS0", true}};
    order.hidden = {"/greengrass"};
    order.sysfs = true;
    order.memory_bytes = 16ULL * 1024 * 1024 * 1024;
    order.processes = 77;
    order.waits = true;
    return order;
}

std::string fault_of(const std::string& bytes) {
    const auto read = decode_jail_order(bytes);
    return read ? "none" : read.error().message();
}

TEST(jail_order, comes_back_as_it_was_sent) {
    EXPECT_EQ(decode_jail_order(encode(full())).value(), full());
}

TEST(jail_order, cut_anywhere_is_refused) {
    const auto whole = encode(full());
    for (std::size_t size = 0; size < whole.size(); ++size) {
        EXPECT_FALSE(decode_jail_order(std::string_view(whole).substr(0, size))) << size;
    }
}

TEST(jail_order, with_bytes_after_its_end_is_refused) {
    EXPECT_THAT(fault_of(encode(full()) + "x"), HasSubstr("goes on after its end"));
}

TEST(jail_order, with_a_relative_path_is_refused) {
    auto order = full();
    order.mounts[0].destination = "data";
    EXPECT_THAT(fault_of(encode(order)),
                HasSubstr("a mount's destination is not an absolute path"));
}

TEST(jail_order, with_a_nul_in_a_text_is_refused) {
    auto order = full();
    order.environment[0] = std::string("A=\0B", 4);
    EXPECT_THAT(fault_of(encode(order)), HasSubstr("holds a NUL"));
}

TEST(jail_order, with_a_count_beyond_its_bytes_takes_no_memory) {
    auto bytes = encode(full());
    const auto count_of_arguments = 4 + 8 + full().program.size();
    bytes.replace(count_of_arguments, 8, 8, '\x7f');
    EXPECT_THAT(fault_of(bytes), HasSubstr("ends early"));
}

TEST(jail_order, with_an_id_beyond_the_kernels_is_refused) {
    auto order = full();
    order.processes = 4294967295;
    auto bytes = encode(order);
    bytes[bytes.size() - 8 - 1] = '\x01';  // a flag follows
    EXPECT_THAT(fault_of(bytes), HasSubstr("the number of processes is out of range"));
}

}  // namespace
}  // namespace evergrass::edge::isolation
