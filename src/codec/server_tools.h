// Which tools of a request its provider runs itself: they may cost something beside tokens. Read
// apart from the request, and only where somebody asks.
#pragma once

#include "codec/operation.h"
#include "codec/request.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace recloser::codec {

// What a server tool is charged by. Tools that the client runs are none.
enum class ServerTool : unsigned char {
  none,
  web_search,
  file_search,
  code_session,
  other,   // charged in a way that no usage tells
  tokens,  // by what the model reads of it
};

struct AskedTool {
  ServerTool kind = ServerTool::none;
  std::string name;                       // as the client wrote it: "web_search_20250305"
  std::optional<std::uint64_t> max_uses;  // as the client limits it; nothing: it does not
};

inline constexpr std::size_t server_tools_told_max = 8;  // different ones of one request

ServerTool server_tool_named(Operation operation, std::string_view type);

// The server tools in a body that was read: each kind and name once, for as many uses as all of
// that name may have.
std::vector<AskedTool> server_tools(Operation operation, const RequestFacts& facts,
                                    std::string_view body);

}  // namespace recloser::codec
