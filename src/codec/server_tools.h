// Which tools of a request its provider runs itself: they may cost something beside tokens. Read
// apart from the request, and only where somebody asks.
#pragma once

#include "codec/operation.h"
#include "codec/request.h"

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace recloser::codec {

// What a server tool is charged by. Tools that the client runs, and those that cost their tokens
// only, are none.
enum class ServerTool : unsigned char {
  none,
  web_search,
  file_search,
  code_session,
  other,  // charged in a way that no usage tells
};

struct AskedTool {
  ServerTool kind = ServerTool::none;
  std::string name;  // as the client wrote it: "web_search_20250305"
};

inline constexpr std::size_t server_tools_told_max = 8;  // different ones of one request

ServerTool server_tool_named(Operation operation, std::string_view type);

// The server tools in a body that was read: each kind and name once.
std::vector<AskedTool> server_tools(Operation operation, const RequestFacts& facts,
                                    std::string_view body);

}  // namespace recloser::codec
