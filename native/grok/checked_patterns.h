// Expressions that were compiled to learn whether they are valid wait here for the thread that will run them, so that each is
// compiled once. One store for all threads of the process.
#pragma once

#include <cstddef>
#include <memory>
#include <string>

#include "re2/re2.h"

namespace palisade {

/// An expression compiled within so many bytes: one that waits here, which is then gone from here, or a new one. Its error is
/// the caller's to look at.
std::unique_ptr<re2::RE2> TakeOrCompile(const std::string& text, size_t memory_bytes);

/// Leaves a valid expression for the next TakeOrCompile of the same text and memory. Nothing has been searched with it yet, so
/// it holds its program alone. Beyond kKeptMax expressions it is thrown away.
void KeepForUse(const std::string& text, size_t memory_bytes, std::unique_ptr<re2::RE2> regex);

}  // namespace palisade
