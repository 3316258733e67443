#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

namespace evergrass {

// Builds Prometheus' text format, version 0.0.4. Names get "evergrass_" put before them.
class metrics_writer {
public:
    // `type`: "counter" or "gauge". The samples that follow are of this family.
    void family(std::string_view name, std::string_view type, std::string_view help);
    void sample(std::initializer_list<std::pair<std::string_view, std::string_view>> labels,
                std::uint64_t value);
    // A family of one sample without labels.
    void single(std::string_view name, std::string_view type, std::string_view help,
                std::uint64_t value);
    std::string take() { return std::move(text_); }

private:
    std::string name_;
    std::string text_;
};

}  // namespace evergrass
