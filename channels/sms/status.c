/* See status.h. The table is sorted by code. */
#include "sms/status.h"

#include <stddef.h>

#define T SMS_CLASS_TEMPORARY
#define P SMS_CLASS_PERMANENT
#define SLOW SMS_CLASS_THROTTLED

static const struct {
	uint32_t code;
	enum sms_class class;
	const char *name;
} table[] = {
	{0x00, SMS_CLASS_OK, "ESME_ROK"},
	{0x01, P, "ESME_RINVMSGLEN"},
	{0x02, P, "ESME_RINVCMDLEN"},
	{0x03, P, "ESME_RINVCMDID"},
	{0x04, T, "ESME_RINVBNDSTS"}, /* of the session, not of the message */
	{0x05, T, "ESME_RALYBND"},
	{0x06, P, "ESME_RINVPRTFLG"},
	{0x07, P, "ESME_RINVREGDLVFLG"},
	{0x08, T, "ESME_RSYSERR"},
	{0x0A, P, "ESME_RINVSRCADR"},
	{0x0B, P, "ESME_RINVDSTADR"},
	{0x0C, P, "ESME_RINVMSGID"},
	{0x0D, T, "ESME_RBINDFAIL"},
	{0x0E, T, "ESME_RINVPASWD"},
	{0x0F, T, "ESME_RINVSYSID"},
	{0x11, P, "ESME_RCANCELFAIL"},
	{0x13, P, "ESME_RREPLACEFAIL"},
	{0x14, SLOW, "ESME_RMSGQFUL"},
	{0x15, P, "ESME_RINVSERTYP"},
	{0x33, P, "ESME_RINVNUMDESTS"},
	{0x34, P, "ESME_RINVDLNAME"},
	{0x40, P, "ESME_RINVDESTFLAG"},
	{0x42, P, "ESME_RINVSUBREP"},
	{0x43, P, "ESME_RINVESMCLASS"},
	{0x44, P, "ESME_RCNTSUBDL"},
	{0x45, P, "ESME_RSUBMITFAIL"},
	{0x48, P, "ESME_RINVSRCTON"},
	{0x49, P, "ESME_RINVSRCNPI"},
	{0x50, P, "ESME_RINVDSTTON"},
	{0x51, P, "ESME_RINVDSTNPI"},
	{0x53, T, "ESME_RINVSYSTYP"},
	{0x54, P, "ESME_RINVREPFLAG"},
	{0x55, T, "ESME_RINVNUMMSGS"},
	{0x58, SLOW, "ESME_RTHROTTLED"},
	{0x61, P, "ESME_RINVSCHED"},
	{0x62, P, "ESME_RINVEXPIRY"},
	{0x63, P, "ESME_RINVDFTMSGID"},
	{0x64, T, "ESME_RX_T_APPN"},
	{0x65, P, "ESME_RX_P_APPN"},
	{0x66, P, "ESME_RX_R_APPN"},
	{0x67, P, "ESME_RQUERYFAIL"},
	{0xC0, P, "ESME_RINVOPTPARSTREAM"},
	{0xC1, P, "ESME_ROPTPARNOTALLWD"},
	{0xC2, P, "ESME_RINVPARLEN"},
	{0xC3, P, "ESME_RMISSINGOPTPARAM"},
	{0xC4, P, "ESME_RINVOPTPARAMVAL"},
	{0xFE, T, "ESME_RDELIVERYFAILURE"},
	{0xFF, T, "ESME_RUNKNOWNERR"},
	{0x100, P, "ESME_RSERTYPUNAUTH"}, /* 5.0 (section 4.7.6) from here */
	{0x101, P, "ESME_RPROHIBITED"},
	{0x102, T, "ESME_RSERTYPUNAVAIL"},
	{0x103, P, "ESME_RSERTYPDENIED"},
	{0x104, P, "ESME_RINVDCS"},
	{0x105, P, "ESME_RINVSRCADDRSUBUNIT"},
	{0x106, P, "ESME_RINVDSTADDRSUBUNIT"},
	{0x107, P, "ESME_RINVBCASTFREQINT"},
	{0x108, P, "ESME_RINVBCASTALIAS_NAME"},
	{0x109, P, "ESME_RINVBCASTAREAFMT"},
	{0x10A, P, "ESME_RINVNUMBCAST_AREAS"},
	{0x10B, P, "ESME_RINVBCASTCNTTYPE"},
	{0x10C, P, "ESME_RINVBCASTMSGCLASS"},
	{0x10D, T, "ESME_RBCASTFAIL"},
	{0x10E, T, "ESME_RBCASTQUERYFAIL"},
	{0x10F, T, "ESME_RBCASTCANCELFAIL"},
	{0x110, P, "ESME_RINVBCAST_REP"},
	{0x111, P, "ESME_RINVBCASTSRVGRP"},
	{0x112, P, "ESME_RINVBCASTCHANIND"},
};

static const size_t table_n = sizeof table / sizeof *table;

static size_t find(uint32_t status)
{
	size_t low = 0, high = table_n;

	while (low < high) {
		size_t mid = (low + high) / 2;
		if (table[mid].code < status)
			low = mid + 1;
		else
			high = mid;
	}
	return low < table_n && table[low].code == status ? low : table_n;
}

const char *sms_status_name(uint32_t status)
{
	size_t i = status ? find(status) : 0;

	if (i < table_n)
		return table[i].name;
	return status >= 0x400 && status <= 0x4FF ? "vendor" : "reserved";
}

enum sms_class sms_status_class(uint32_t status)
{
	size_t i = find(status);

	return i < table_n ? table[i].class : SMS_CLASS_TEMPORARY;
}
