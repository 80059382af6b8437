// The encodings whose tables are built into the binary (tools/vocabularies).
#include "text/encoding.h"

#include <span>

extern "C" {
extern const unsigned char recloser_o200k_begin[];
extern const unsigned char recloser_o200k_end[];
extern const unsigned char recloser_cl100k_begin[];
extern const unsigned char recloser_cl100k_end[];
}

namespace recloser::text {

const Encoding& Encoding::o200k() {
  static const Encoding encoding(RankTable({recloser_o200k_begin, recloser_o200k_end}),
                                 SplitRule::o200k);
  return encoding;
}

const Encoding& Encoding::cl100k() {
  static const Encoding encoding(RankTable({recloser_cl100k_begin, recloser_cl100k_end}),
                                 SplitRule::cl100k);
  return encoding;
}

}  // namespace recloser::text
