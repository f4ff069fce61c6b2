// A looser form of a regular expression, whose automaton stays small: counting up to 62 takes 62 states for each place
// where the counting may have begun.
#pragma once

#include <string>

namespace palisade {

/// The expression with `{n,m}` as `{n,}` wherever m has two digits or more: it matches at least the same texts.
/// Escapes, quoted text and classes stay as they are.
std::string WithoutLongRepeats(const std::string& regex);

}  // namespace palisade
