// Switches over the admin API, and what is left of them after a restart.
#include "admin/test_api.h"

#include <gtest/gtest.h>

namespace recloser::admin {
namespace {

class SwitchesTest : public BothStoresTest {
 protected:
  bool is_on(std::string_view name) { return switches_.current().current()->is_on(name); }
};

TEST_P(SwitchesTest, OneIsThrownAndShown) {
  Heard put = this->put("/admin/switches/team%2Fsearch",
                        R"({"on": true, "reason": "too dear", "who": "ada"})");
  EXPECT_EQ(put.status, 200) << put.body;
  EXPECT_TRUE(is_on("team/search"));
  EXPECT_EQ(switches_thrown_, 1);
  EXPECT_NE(put.body.find(R"("name":"team/search","on":true,"since":")"), std::string::npos)
      << put.body;
  EXPECT_NE(put.body.find(R"("reason":"too dear","who":"ada","stops":"calls of the team search")"),
            std::string::npos)
      << put.body;
  EXPECT_EQ(get("/admin/switches/team%2Fsearch").body, put.body);
  this->put("/admin/switches/other", R"({"on": false, "reason": "x"})");
  Heard list = get("/admin/switches");
  EXPECT_TRUE(list.body.starts_with(R"({"data":[{"name":"other","on":false,)")) << list.body;
  EXPECT_NE(list.body.find(R"("who":"admin","stops":null})"), std::string::npos) << list.body;
  Heard none = get("/admin/switches/team%2Fserch");
  EXPECT_EQ(none.status, 404);
  EXPECT_NE(none.body.find("did you mean team/search?"), std::string::npos) << none.body;
}

TEST_P(SwitchesTest, TheyAreAsTheyWereLeft) {
  put("/admin/switches/all", R"({"on": true, "reason": "fire"})");
  put("/admin/switches/key%2Fci", R"({"on": true, "reason": "x"})");
  put("/admin/switches/key%2Fci", R"({"on": false, "reason": "y"})");
  relay::Switches next;
  SwitchBoard board(ledger_->store(), next);
  ASSERT_TRUE(board.restore());
  EXPECT_TRUE(next.current().current()->is_on("all"));
  EXPECT_FALSE(next.current().current()->is_on("key/ci"));
}

TEST_P(SwitchesTest, WhatIsWrongChangesNothing) {
  for (const char* body :
       {"", "{}", R"({"on": true})", R"({"on": true, "reason": ""})", R"({"reason": "x"})",
        R"({"on": "yes", "reason": "x"})", R"({"on": 1, "reason": "x"})",
        R"({"on": true, "reason": "x", "off": 1})", R"({"on": true, "reason": "a\nb"})"}) {
    EXPECT_EQ(put("/admin/switches/all", body).status, 400) << body;
  }
  EXPECT_EQ(put("/admin/switches/a%2Cb", R"({"on": true, "reason": "x"})").status, 400);
  EXPECT_EQ(post("/admin/switches/all", R"({"on": true, "reason": "x"})").status, 405);
  EXPECT_FALSE(is_on("all"));
  EXPECT_EQ(switches_thrown_, 0);
}

INSTANTIATE_TEST_SUITE_P(Stores, SwitchesTest, testing::Values("memory", "sqlite"));

}  // namespace
}  // namespace recloser::admin
