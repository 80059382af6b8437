# Compilers that must be refused, and what the refusal says. `cmake -P cmake/compiler_test.cmake`

function(refused id version)
  execute_process(
    COMMAND ${CMAKE_COMMAND} -DCMAKE_CXX_COMPILER_ID=${id} -DCMAKE_CXX_COMPILER_VERSION=${version}
            -DCMAKE_CXX_COMPILER=the-compiler -P ${CMAKE_CURRENT_LIST_DIR}/compiler.cmake
    RESULT_VARIABLE status ERROR_VARIABLE said)
  string(REGEX REPLACE "[ \n]+" " " said "${said}")
  foreach(words IN ITEMS ${ARGN})
    if(status EQUAL 0 OR NOT said MATCHES "${words}")
      message(SEND_ERROR "${id} ${version}: expected a refusal with `${words}`, got: ${said}")
    endif()
  endforeach()
endfunction()

refused(GNU 12.2.0 "this is GNU 12.2.0 .the-compiler." "miscompiles ordinary coroutines"
        "apt-get install clang-19")
refused(GNU 14.2.0 "clang 19 or newer")
refused(Clang 18.1.8 "this is Clang 18.1.8")
refused(AppleClang 19.0.0 "clang 19 or newer")

# And the one that is wanted gets past the refusal: what then fails is that a script has no targets.
execute_process(
  COMMAND ${CMAKE_COMMAND} -DCMAKE_CXX_COMPILER_ID=Clang -DCMAKE_CXX_COMPILER_VERSION=19.1.7
          -P ${CMAKE_CURRENT_LIST_DIR}/compiler.cmake
  ERROR_VARIABLE said)
if(said MATCHES "Recloser is built with")
  message(SEND_ERROR "clang 19.1.7 is refused: ${said}")
endif()
