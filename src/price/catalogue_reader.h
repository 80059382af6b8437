// CatalogueReader: makes a Catalogue of the two JSON texts of data/prices.
#pragma once

#include "price/catalogue.h"

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <boost/json/fwd.hpp>

namespace recloser::price {

// The first thing that is wrong is kept, with what was being read; all reading goes on, so that no
// step has to look.
class CatalogueReader {
 public:
  Result<std::shared_ptr<const Catalogue>> read(std::string_view catalogue_json,
                                                std::string_view overlay_json,
                                                ContractList contracts);

 private:
  using Value = boost::json::value;
  using Object = boost::json::object;
  using Array = boost::json::array;

  void wrong(std::string_view what);
  // What is not there is empty, or 0; what is of another kind is wrong.
  const Object& object(const Value& value);
  const Array& array(const Object& in, std::string_view name);
  const Value& member(const Object& in, std::string_view name);
  std::string text(const Object& in, std::string_view name);
  std::vector<std::string> texts(const Object& in, std::string_view name);
  std::uint64_t whole(const Object& in, std::string_view name);
  std::int64_t decimal(const Value& value, unsigned places);
  std::uint32_t factor(const Object& in, std::string_view name);
  NameRule rule(const Value& value);
  Period period(const Object& in);
  PriceList list(const Object& in);
  std::uint16_t provider_index(const Object& in);
  Provider& provider(const Object& in);

  void read_providers(const Object& root);
  void read_rules(const Object& overlay);
  void read_models(const Object& root);
  void add_match(const Value& match, Provider& provider, std::uint32_t entry);
  void read_prices(const Object& in, const Provider& provider, Schedule& schedule);
  void read_rate(const Value& value, std::vector<PriceList::Step>& steps);
  void read_facts(const Object& in, Entry& entry);
  void replace_prices(const Object& overlay);
  void finish(Provider& provider);

  std::unique_ptr<Catalogue> out_;
  std::string reading_;  // "model gpt-5.1"
  std::string wrong_;
};

}  // namespace recloser::price
