# SPDX-License-Identifier: Apache-2.0 OR MIT
#
# The order of the folders of src/: a folder may use only folders of a lower level. cmake/arcella_module.cmake refuses a
# dependency against it, tests/tidy/tidy_test.py (which reads this table) an #include against it.
set(ARCELLA_LEVEL_0 base)
set(ARCELLA_LEVEL_1 wit wire)
set(ARCELLA_LEVEL_2 model aio)
set(ARCELLA_LEVEL_3 manifest store engine alme_proto ipc)
set(ARCELLA_LEVEL_4 host supervisor cli)
set(ARCELLA_LEVEL_5 worker runtime)
set(ARCELLA_LEVEL_6 alme)
set(ARCELLA_LEVEL_7 apps)

set(ARCELLA_LAYERED_FOLDERS)
foreach(level RANGE 0 7)
  list(APPEND ARCELLA_LAYERED_FOLDERS ${ARCELLA_LEVEL_${level}})
  foreach(folder IN LISTS ARCELLA_LEVEL_${level})
    set(ARCELLA_LEVEL_OF_${folder} ${level})
  endforeach()
endforeach()
