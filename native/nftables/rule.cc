// Messages about rules: each expression of a rule is a name and a nest of its own attributes. Every value goes through
// register 1, which is as wide as an IPv6 address. See objects.h.
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>

#include <stdexcept>

#include "objects.h"

namespace palisade {

namespace {

constexpr uint16_t TypeOf(uint16_t message) { return (NFNL_SUBSYS_NFTABLES << 8) | message; }

void PutData(MessageWriter& writer, uint16_t type, const std::vector<uint8_t>& data) {
  const size_t place = writer.Open(type);
  writer.PutBytes(NFTA_DATA_VALUE, data.data(), data.size());
  writer.Close(place);
}

void PutVerdict(MessageWriter& writer, const Expression& expression) {
  writer.PutU32(NFTA_IMMEDIATE_DREG, NFT_REG_VERDICT);
  const size_t data = writer.Open(NFTA_IMMEDIATE_DATA);
  const size_t verdict = writer.Open(NFTA_DATA_VERDICT);
  writer.PutU32(NFTA_VERDICT_CODE, expression.a);
  if (!expression.text.empty()) writer.PutText(NFTA_VERDICT_CHAIN, expression.text);
  writer.Close(verdict);
  writer.Close(data);
}

/// Writes the attributes of one expression and returns its name in the kernel.
const char* PutParts(MessageWriter& writer, const Expression& e) {
  if (e.kind == "payload") {
    writer.PutU32(NFTA_PAYLOAD_DREG, NFT_REG_1);
    writer.PutU32(NFTA_PAYLOAD_BASE, e.a);
    writer.PutU32(NFTA_PAYLOAD_OFFSET, e.b);
    writer.PutU32(NFTA_PAYLOAD_LEN, e.c);
    return "payload";
  }
  if (e.kind == "meta") {
    writer.PutU32(NFTA_META_KEY, e.a);
    writer.PutU32(NFTA_META_DREG, NFT_REG_1);
    return "meta";
  }
  if (e.kind == "ct") {
    writer.PutU32(NFTA_CT_KEY, e.a);
    writer.PutU32(NFTA_CT_DREG, NFT_REG_1);
    return "ct";
  }
  if (e.kind == "mask") {
    writer.PutU32(NFTA_BITWISE_SREG, NFT_REG_1);
    writer.PutU32(NFTA_BITWISE_DREG, NFT_REG_1);
    writer.PutU32(NFTA_BITWISE_LEN, static_cast<uint32_t>(e.data.size()));
    PutData(writer, NFTA_BITWISE_MASK, e.data);
    PutData(writer, NFTA_BITWISE_XOR, std::vector<uint8_t>(e.data.size(), 0));
    return "bitwise";
  }
  if (e.kind == "compare") {
    writer.PutU32(NFTA_CMP_SREG, NFT_REG_1);
    writer.PutU32(NFTA_CMP_OP, e.a);
    PutData(writer, NFTA_CMP_DATA, e.data);
    return "cmp";
  }
  if (e.kind == "lookup") {
    writer.PutText(NFTA_LOOKUP_SET, e.text);
    writer.PutU32(NFTA_LOOKUP_SREG, NFT_REG_1);
    writer.PutU32(NFTA_LOOKUP_FLAGS, e.a);
    return "lookup";
  }
  if (e.kind == "counter") {
    writer.PutU64(NFTA_COUNTER_BYTES, 0);
    writer.PutU64(NFTA_COUNTER_PACKETS, 0);
    return "counter";
  }
  if (e.kind == "limit") {
    writer.PutU64(NFTA_LIMIT_RATE, e.a);
    writer.PutU64(NFTA_LIMIT_UNIT, e.b);
    writer.PutU32(NFTA_LIMIT_BURST, e.c);
    writer.PutU32(NFTA_LIMIT_TYPE, NFT_LIMIT_PKTS);
    writer.PutU32(NFTA_LIMIT_FLAGS, 0);
    return "limit";
  }
  if (e.kind == "log") {
    writer.PutText(NFTA_LOG_PREFIX, e.text);
    return "log";
  }
  if (e.kind == "reject") {
    writer.PutU32(NFTA_REJECT_TYPE, e.a);
    writer.PutU8(NFTA_REJECT_ICMP_CODE, static_cast<uint8_t>(e.b));
    return "reject";
  }
  if (e.kind == "verdict") {
    PutVerdict(writer, e);
    return "immediate";
  }
  throw std::invalid_argument("no rule expression of that kind: " + e.kind);
}

/// The name stands before the attributes, but is only known with them: both are written, then put in order.
void PutExpression(MessageWriter& writer, const Expression& expression) {
  MessageWriter parts;
  const char* name = PutParts(parts, expression);
  const size_t element = writer.Open(NFTA_LIST_ELEM);
  writer.PutText(NFTA_EXPR_NAME, name);
  writer.PutBytes(NFTA_EXPR_DATA | NLA_F_NESTED, parts.bytes().data(), parts.bytes().size());
  writer.Close(element);
}

}  // namespace

void PutRule(MessageWriter& writer, uint32_t sequence, const Scope& scope, const std::string& chain,
             const std::vector<Expression>& expressions, const std::string& comment) {
  writer.Begin(TypeOf(NFT_MSG_NEWRULE), NLM_F_REQUEST | NLM_F_CREATE | NLM_F_APPEND | NLM_F_ACK, sequence,
               scope.family, 0);
  writer.PutText(NFTA_RULE_TABLE, scope.table);
  writer.PutText(NFTA_RULE_CHAIN, chain);
  const size_t list = writer.Open(NFTA_RULE_EXPRESSIONS);
  for (const Expression& expression : expressions) PutExpression(writer, expression);
  writer.Close(list);
  if (!comment.empty()) {
    const std::vector<uint8_t> data = CommentData(comment);
    writer.PutBytes(NFTA_RULE_USERDATA, data.data(), data.size());
  }
  writer.End();
}

void PutRuleDelete(MessageWriter& writer, uint32_t sequence, const Scope& scope, const std::string& chain,
                   uint64_t handle) {
  writer.Begin(TypeOf(NFT_MSG_DELRULE), NLM_F_REQUEST | NLM_F_ACK, sequence, scope.family, 0);
  writer.PutText(NFTA_RULE_TABLE, scope.table);
  writer.PutText(NFTA_RULE_CHAIN, chain);
  if (handle != 0) writer.PutU64(NFTA_RULE_HANDLE, handle);
  writer.End();
}

}  // namespace palisade
