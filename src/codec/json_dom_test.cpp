// Boost.JSON, compiled into the tests only: the independent reader that ours is compared with.
#include <boost/json/src.hpp>
