// Small files in the state directory: the admin token and the secret of the first key, mode 0600.
#pragma once

#include "auth/secret.h"
#include "config/secret.h"
#include "core/result.h"
#include "core/time.h"
#include "ledger/store.h"

#include <string>
#include <vector>

namespace recloser::cli {

// The configured token, or the one in <directory>/admin.token, which is made when it is missing.
// `path` becomes the file that holds it; "" when it is configured.
Result<std::string> admin_token(const std::string& directory, const config::Secret& configured,
                                auth::Entropy& entropy, std::string& path);

// A gateway without any key makes one, so that the first call needs no command: it is stored like
// every other, and its secret kept in <directory>/quickstart.key to be shown again. "" once it is
// gone or revoked.
Result<std::string> first_key(const std::string& directory, bool no_keys_yet,
                              const std::vector<ledger::KeyRow>& stored, auth::Entropy& entropy,
                              WallTime now, ledger::Store& store);

}  // namespace recloser::cli
