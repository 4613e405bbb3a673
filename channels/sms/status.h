/*
 * command_status of SMPP (3.4 section 5.1.3, with what 5.0 added): its name, and what a refused submit means for the
 * message. Unknown and vendor codes are temporary: a message that is tried once too often within its life is a
 * smaller harm than one given up for a code that nobody has explained. Pure; any thread.
 */
#pragma once
#include <stdint.h>

enum sms_class { SMS_CLASS_OK, SMS_CLASS_THROTTLED, SMS_CLASS_TEMPORARY, SMS_CLASS_PERMANENT };

#define ESME_RINVMSGLEN 0x00000001u
#define ESME_RINVCMDLEN 0x00000002u
#define ESME_RINVCMDID 0x00000003u
#define ESME_RINVBNDSTS 0x00000004u
#define ESME_RSYSERR 0x00000008u
#define ESME_RX_T_APPN 0x00000064u
#define ESME_RX_P_APPN 0x00000065u
#define ESME_RINVOPTPARSTREAM 0x000000C0u
#define ESME_RUNKNOWNERR 0x000000FFu

const char *sms_status_name(uint32_t status); /* "ESME_RTHROTTLED"; "vendor" or "reserved" for the others */
enum sms_class sms_status_class(uint32_t status);
