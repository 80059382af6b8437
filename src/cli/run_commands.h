// What the commands of the table do.
#pragma once

#include "cli/command_line.h"

namespace recloser::cli {

Exit run_serve(const Invocation& invocation, const Process& process);
Exit run_run(const Invocation& invocation, const Process& process);
Exit run_check(const Invocation& invocation, const Process& process);
Exit run_key_create(const Invocation& invocation, const Process& process);
Exit run_key_list(const Invocation& invocation, const Process& process);
Exit run_key_set(const Invocation& invocation, const Process& process);
Exit run_key_disable(const Invocation& invocation, const Process& process);
Exit run_key_enable(const Invocation& invocation, const Process& process);
Exit run_key_rotate(const Invocation& invocation, const Process& process);
Exit run_key_revoke(const Invocation& invocation, const Process& process);
Exit run_org_set(const Invocation& invocation, const Process& process);
Exit run_org_list(const Invocation& invocation, const Process& process);
Exit run_org_remove(const Invocation& invocation, const Process& process);
Exit run_team_set(const Invocation& invocation, const Process& process);
Exit run_team_list(const Invocation& invocation, const Process& process);
Exit run_team_remove(const Invocation& invocation, const Process& process);
Exit run_user_set(const Invocation& invocation, const Process& process);
Exit run_user_list(const Invocation& invocation, const Process& process);
Exit run_user_remove(const Invocation& invocation, const Process& process);
Exit run_calls(const Invocation& invocation, const Process& process);
Exit run_count(const Invocation& invocation, const Process& process);
Exit run_price_show(const Invocation& invocation, const Process& process);
Exit run_price_lint(const Invocation& invocation, const Process& process);
Exit run_price_import(const Invocation& invocation, const Process& process);
Exit run_price_rerate(const Invocation& invocation, const Process& process);
Exit run_export_focus(const Invocation& invocation, const Process& process);
Exit run_reconcile(const Invocation& invocation, const Process& process);
Exit run_usage(const Invocation& invocation, const Process& process);
Exit run_budget_list(const Invocation& invocation, const Process& process);
Exit run_budget_show(const Invocation& invocation, const Process& process);
Exit run_budget_exposure(const Invocation& invocation, const Process& process);
Exit run_budget_adjust(const Invocation& invocation, const Process& process);
Exit run_budget_request(const Invocation& invocation, const Process& process);
Exit run_approvals_list(const Invocation& invocation, const Process& process);
Exit run_approvals_approve(const Invocation& invocation, const Process& process);
Exit run_approvals_deny(const Invocation& invocation, const Process& process);
Exit run_switch_on(const Invocation& invocation, const Process& process);
Exit run_switch_off(const Invocation& invocation, const Process& process);
Exit run_switch_list(const Invocation& invocation, const Process& process);
Exit run_targets(const Invocation& invocation, const Process& process);
Exit run_targets_show(const Invocation& invocation, const Process& process);
Exit run_targets_drain(const Invocation& invocation, const Process& process);
Exit run_targets_undrain(const Invocation& invocation, const Process& process);
Exit run_explain(const Invocation& invocation, const Process& process);
Exit run_backup(const Invocation& invocation, const Process& process);
Exit run_restore(const Invocation& invocation, const Process& process);
Exit run_sim(const Invocation& invocation, const Process& process);
Exit run_version(const Invocation& invocation, const Process& process);
Exit run_completion(const Invocation& invocation, const Process& process);

}  // namespace recloser::cli
