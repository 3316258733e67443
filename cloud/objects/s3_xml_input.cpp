#include "cloud/objects/s3_xml_input.hpp"

#include "libs/base/encoding.hpp"
#include "libs/base/errors.hpp"

#include <charconv>
#include <optional>

namespace evergrass::cloud::objects {
namespace {

constexpr std::size_t deepest = 8;
constexpr std::string_view blanks = " \t\r\n";

error malformed(const std::string& why) {
    return {errc::invalid_input, "the XML is malformed: " + why};
}

void append_utf8(std::string& out, unsigned long code) {
    const auto byte = [&out](unsigned long value) { out += static_cast<char>(value); };
    if (code < 0x80) {
        byte(code);
    } else if (code < 0x800) {
        byte(0xc0 | code >> 6);
        byte(0x80 | (code & 0x3f));
    } else if (code < 0x10000) {
        byte(0xe0 | code >> 12);
        byte(0x80 | (code >> 6 & 0x3f));
        byte(0x80 | (code & 0x3f));
    } else {
        byte(0xf0 | code >> 18);
        byte(0x80 | (code >> 12 & 0x3f));
        byte(0x80 | (code >> 6 & 0x3f));
        byte(0x80 | (code & 0x3f));
    }
}

bool append_reference(std::string& out, std::string_view name) {
    constexpr std::pair<std::string_view, char> named[] = {
        {"amp", '&'}, {"lt", '<'}, {"gt", '>'}, {"quot", '"'}, {"apos", '\''}};
    for (const auto& [text, character] : named) {
        if (name == text) {
            out += character;
            return true;
        }
    }
    if (!name.starts_with('#')) {
        return false;
    }
    name.remove_prefix(1);
    const int base = name.starts_with('x') ? 16 : 10;
    name.remove_prefix(base == 16 ? 1 : 0);
    unsigned long code = 0;
    const auto* end = name.data() + name.size();
    const auto [stop, wrong] = std::from_chars(name.data(), end, code, base);
    if (wrong != std::errc() || stop != end || code == 0 || code > 0x10ffff ||
        (code >= 0xd800 && code < 0xe000)) {
        return false;
    }
    append_utf8(out, code);
    return true;
}

class xml_reader {
public:
    xml_reader(std::string_view text, std::size_t most) : rest_(text), left_(most) {}

    result<xml_element> document() {
        if (auto skipped = skip_prolog(); !skipped) {
            return skipped.error();
        }
        auto root = element(0);
        if (!root) {
            return root;
        }
        if (auto skipped = skip_prolog(); !skipped) {
            return skipped.error();
        }
        return rest_.empty() ? std::move(root) : malformed("something follows the root element");
    }

private:
    bool take(std::string_view what) {
        const bool there = rest_.starts_with(what);
        rest_.remove_prefix(there ? what.size() : 0);
        return there;
    }

    // Up to `mark` and over it; nullopt: it does not come.
    std::optional<std::string_view> until(std::string_view mark) {
        const auto at = rest_.find(mark);
        if (at == std::string_view::npos) {
            return std::nullopt;
        }
        const auto before = rest_.substr(0, at);
        rest_.remove_prefix(at + mark.size());
        return before;
    }

    void skip_blanks() {
        const auto first = rest_.find_first_not_of(blanks);
        rest_.remove_prefix(first == std::string_view::npos ? rest_.size() : first);
    }

    // Blanks, comments, instructions.
    result<void> skip_prolog() {
        take("\xef\xbb\xbf");
        for (;;) {
            skip_blanks();
            const bool comment = take("<!--");
            if (!comment && !take("<?")) {
                return rest_.starts_with("<!") ? result<void>(malformed("a document type is not "
                                                                        "taken"))
                                               : result<void>();
            }
            if (!until(comment ? "-->" : "?>")) {
                return malformed("a comment or instruction does not end");
            }
        }
    }

    result<xml_element> element(std::size_t depth) {
        if (depth == deepest || left_ == 0) {
            return error{errc::too_large, "the XML has too many elements"};
        }
        --left_;
        if (!take("<")) {
            return malformed("an element is expected");
        }
        auto head = until(">");
        if (!head) {
            return malformed("a tag does not end");
        }
        const bool empty = head->ends_with('/');
        head->remove_suffix(empty ? 1 : 0);
        const auto whole = head->substr(0, head->find_first_of(blanks));
        if (whole.empty() || whole.find_first_of("<&/\"'=") != std::string_view::npos) {
            return malformed("a tag has no name");
        }
        xml_element made;
        const auto colon = whole.find(':');
        made.name = whole.substr(colon == std::string_view::npos ? 0 : colon + 1);
        if (empty) {
            return made;
        }
        if (auto filled = content(made, whole, depth); !filled) {
            return filled.error();
        }
        return made;
    }

    result<void> content(xml_element& into, std::string_view tag, std::size_t depth) {
        for (;;) {
            const auto next = rest_.find_first_of("<&");
            if (next == std::string_view::npos) {
                return malformed("<" + std::string(tag) + "> is not closed");
            }
            into.text += rest_.substr(0, next);
            rest_.remove_prefix(next);
            if (take("&")) {
                const auto name = until(";");
                if (!name || !append_reference(into.text, *name)) {
                    return malformed("a reference (&…;) is none of XML's own");
                }
            } else if (take("</")) {
                auto name = until(">");
                if (name) {
                    name = name->substr(0, name->find_first_of(blanks));
                }
                return name == tag ? result<void>()
                                   : result<void>(malformed("<" + std::string(tag) +
                                                            "> is closed by another tag"));
            } else if (take("<![CDATA[")) {
                const auto raw = until("]]>");
                if (!raw) {
                    return malformed("a CDATA section does not end");
                }
                into.text += *raw;
            } else if (rest_.starts_with("<!--") || rest_.starts_with("<?")) {
                if (auto skipped = skip_prolog(); !skipped) {
                    return skipped;
                }
            } else {
                auto child = element(depth + 1);
                if (!child) {
                    return child.error();
                }
                into.children.push_back(std::move(*child));
            }
        }
    }

    std::string_view rest_;
    std::size_t left_;
};

}  // namespace

std::string xml_element::text_of(std::string_view child) const {
    for (const auto& each : children) {
        if (each.name == child) {
            return each.text;
        }
    }
    return {};
}

result<xml_element> read_xml(std::string_view text, std::size_t max_elements) {
    if (!is_utf8(text) || text.find('\0') != std::string_view::npos) {
        return malformed("it is not UTF-8");
    }
    return xml_reader(text, max_elements).document();
}

}  // namespace evergrass::cloud::objects
