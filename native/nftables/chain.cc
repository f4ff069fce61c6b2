// Messages about chains. See objects.h.
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>

#include "objects.h"

namespace palisade {

namespace {

constexpr uint16_t TypeOf(uint16_t message) { return (NFNL_SUBSYS_NFTABLES << 8) | message; }

}  // namespace

void PutChain(MessageWriter& writer, uint32_t sequence, const Scope& scope, const std::string& name,
              const Hook* hook) {
  writer.Begin(TypeOf(NFT_MSG_NEWCHAIN), NLM_F_REQUEST | NLM_F_CREATE | NLM_F_ACK, sequence, scope.family, 0);
  writer.PutText(NFTA_CHAIN_TABLE, scope.table);
  writer.PutText(NFTA_CHAIN_NAME, name);
  if (hook != nullptr) {
    const size_t place = writer.Open(NFTA_CHAIN_HOOK);
    writer.PutU32(NFTA_HOOK_HOOKNUM, hook->number);
    writer.PutU32(NFTA_HOOK_PRIORITY, static_cast<uint32_t>(hook->priority));
    writer.Close(place);
    writer.PutU32(NFTA_CHAIN_POLICY, NF_ACCEPT);
    writer.PutText(NFTA_CHAIN_TYPE, "filter");
  }
  writer.End();
}

void PutChainDelete(MessageWriter& writer, uint32_t sequence, const Scope& scope, const std::string& name) {
  writer.Begin(TypeOf(NFT_MSG_DELCHAIN), NLM_F_REQUEST | NLM_F_ACK, sequence, scope.family, 0);
  writer.PutText(NFTA_CHAIN_TABLE, scope.table);
  writer.PutText(NFTA_CHAIN_NAME, name);
  writer.End();
}

}  // namespace palisade
