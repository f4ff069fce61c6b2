// Rewrites the text of an expression. See relax.h.
#include "relax.h"

#include <algorithm>

namespace palisade {

namespace {

/// End of a character class: a bracket right after the opening, an escaped one or one in [:name:] does not close it.
size_t ClassEnd(const std::string& regex, size_t start) {
  size_t at = start + 1;
  if (regex.compare(at, 1, "^") == 0) at++;
  if (regex.compare(at, 1, "]") == 0) at++;
  while (at < regex.size() && regex[at] != ']') {
    const size_t named = regex.compare(at, 2, "[:") == 0 ? regex.find(":]", at + 2) : std::string::npos;
    at = named != std::string::npos ? named + 2 : regex[at] == '\\' ? at + 2 : at + 1;
  }
  return std::min(regex.size(), at + 1);
}

/// End of the token at `at`, where escapes, quoted text and classes count as one.
size_t TokenEnd(const std::string& regex, size_t at) {
  if (regex[at] == '[') return ClassEnd(regex, at);
  if (regex[at] != '\\') return at + 1;
  if (regex.compare(at, 2, "\\Q") != 0) return std::min(regex.size(), at + 2);
  return std::min(regex.size(), regex.find("\\E", at));
}

}  // namespace

std::string WithoutLongRepeats(const std::string& regex) {
  constexpr char kDigits[] = "0123456789";
  std::string result;
  for (size_t at = 0; at < regex.size();) {
    size_t end = TokenEnd(regex, at);
    if (regex[at] == '{') {
      const size_t comma = std::min(regex.size(), regex.find_first_not_of(kDigits, at + 1));
      const size_t close = std::min(regex.size(), regex.find_first_not_of(kDigits, comma + 1));
      const bool is_range = comma > at + 1 && regex.compare(comma, 1, ",") == 0 && regex.compare(close, 1, "}") == 0;
      if (is_range && close > comma + 2) {
        result.append(regex, at, comma + 1 - at);
        at = close;
        end = close + 1;
      }
    }
    result.append(regex, at, end - at);
    at = end;
  }
  return result;
}

}  // namespace palisade
