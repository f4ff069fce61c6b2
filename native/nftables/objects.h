// The kernel objects of nf_tables as messages: each function writes one whole message (elements: several) into a
// writer. Names, families and flags are the kernel's. Which file has which function stands beside it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "message.h"

namespace palisade {

/// Where an object lives.
struct Scope {
  uint8_t family;
  std::string table;
};

// table.cc
void PutTable(MessageWriter& writer, uint32_t sequence, const Scope& scope);
void PutTableDelete(MessageWriter& writer, uint32_t sequence, const Scope& scope);

// chain.cc
struct Hook {
  uint32_t number;
  int32_t priority;
};
/// A base chain of type filter with policy accept, or with `hook` null a chain that is only jumped to.
void PutChain(MessageWriter& writer, uint32_t sequence, const Scope& scope, const std::string& name, const Hook* hook);
void PutChainDelete(MessageWriter& writer, uint32_t sequence, const Scope& scope, const std::string& name);

// set.cc
struct SetSpec {
  std::string name;
  /// Unique inside its batch.
  uint32_t id;
  uint32_t key_type;
  uint32_t key_length;
  uint32_t flags;
};
void PutSet(MessageWriter& writer, uint32_t sequence, const Scope& scope, const SetSpec& set);
void PutSetDelete(MessageWriter& writer, uint32_t sequence, const Scope& scope, const std::string& name);

// rule.cc
/// One expression of a rule; which members count depends on `kind`.
struct Expression {
  std::string kind;
  std::string text;
  uint32_t a = 0;
  uint32_t b = 0;
  uint32_t c = 0;
  std::vector<uint8_t> data;
};
/// Appends a rule. `comment` is shown by nft and finds the rule again.
void PutRule(MessageWriter& writer, uint32_t sequence, const Scope& scope, const std::string& chain,
             const std::vector<Expression>& expressions, const std::string& comment);
/// Deletes the rule of a handle, or with 0 all rules of a chain.
void PutRuleDelete(MessageWriter& writer, uint32_t sequence, const Scope& scope, const std::string& chain,
                   uint64_t handle);

// element.cc
enum class ElementAction { kAdd, kDelete, kDestroy };
/// Elements side by side in arrays. Null arrays leave the attribute out.
struct Elements {
  const uint8_t* keys;
  size_t key_length;
  size_t count;
  /// Milliseconds; 0 and less: none of its own.
  const double* timeouts_ms;
  /// NFT_SET_ELEM_*; 0: none.
  const uint8_t* flags;
  const std::vector<std::string>* comments;
};
/// Writes one message with elements from `first` on, as many as fit. Returns the index of the first one left out and
/// appends to `ends` where each element ends in the message.
size_t PutElements(MessageWriter& writer, uint32_t sequence, const Scope& scope, const std::string& set,
                   ElementAction action, const Elements& elements, size_t first, std::vector<uint32_t>& ends);
/// Empties a set.
void PutSetFlush(MessageWriter& writer, uint32_t sequence, const Scope& scope, const std::string& set);

/// User data in nft's form: one comment, with its NUL.
std::vector<uint8_t> CommentData(const std::string& comment);

}  // namespace palisade
