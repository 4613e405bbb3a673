/* The standard's words for commands (section 5.1.2.1) and optional parameters (section 5.3.2), for logs and explanations. */
#include "sms/pdu.h"

struct name {
	uint32_t number;
	const char *word;
};

static const struct name commands[] = {
	{PDU_GENERIC_NACK, "generic_nack"},
	{PDU_BIND_RECEIVER, "bind_receiver"},
	{PDU_BIND_RECEIVER_RESP, "bind_receiver_resp"},
	{PDU_BIND_TRANSMITTER, "bind_transmitter"},
	{PDU_BIND_TRANSMITTER_RESP, "bind_transmitter_resp"},
	{PDU_QUERY_SM, "query_sm"},
	{PDU_QUERY_SM_RESP, "query_sm_resp"},
	{PDU_SUBMIT_SM, "submit_sm"},
	{PDU_SUBMIT_SM_RESP, "submit_sm_resp"},
	{PDU_DELIVER_SM, "deliver_sm"},
	{PDU_DELIVER_SM_RESP, "deliver_sm_resp"},
	{PDU_UNBIND, "unbind"},
	{PDU_UNBIND_RESP, "unbind_resp"},
	{PDU_REPLACE_SM, "replace_sm"},
	{PDU_REPLACE_SM_RESP, "replace_sm_resp"},
	{PDU_CANCEL_SM, "cancel_sm"},
	{PDU_CANCEL_SM_RESP, "cancel_sm_resp"},
	{PDU_BIND_TRANSCEIVER, "bind_transceiver"},
	{PDU_BIND_TRANSCEIVER_RESP, "bind_transceiver_resp"},
	{PDU_OUTBIND, "outbind"},
	{PDU_ENQUIRE_LINK, "enquire_link"},
	{PDU_ENQUIRE_LINK_RESP, "enquire_link_resp"},
	{PDU_SUBMIT_MULTI, "submit_multi"},
	{PDU_SUBMIT_MULTI_RESP, "submit_multi_resp"},
	{PDU_ALERT_NOTIFICATION, "alert_notification"},
	{PDU_DATA_SM, "data_sm"},
	{PDU_DATA_SM_RESP, "data_sm_resp"},
};

static const struct name tlvs[] = {
	{0x0005, "dest_addr_subunit"},
	{0x0006, "dest_network_type"},
	{0x0007, "dest_bearer_type"},
	{0x0008, "dest_telematics_id"},
	{0x000D, "source_addr_subunit"},
	{0x000E, "source_network_type"},
	{0x000F, "source_bearer_type"},
	{0x0010, "source_telematics_id"},
	{0x0017, "qos_time_to_live"},
	{0x0019, "payload_type"},
	{0x001D, "additional_status_info_text"},
	{TLV_RECEIPTED_MESSAGE_ID, "receipted_message_id"},
	{0x0030, "ms_msg_wait_facilities"},
	{0x0201, "privacy_indicator"},
	{0x0202, "source_subaddress"},
	{0x0203, "dest_subaddress"},
	{TLV_USER_MESSAGE_REFERENCE, "user_message_reference"},
	{0x0205, "user_response_code"},
	{TLV_SOURCE_PORT, "source_port"},
	{TLV_DESTINATION_PORT, "destination_port"},
	{TLV_SAR_MSG_REF_NUM, "sar_msg_ref_num"},
	{TLV_LANGUAGE_INDICATOR, "language_indicator"},
	{TLV_SAR_TOTAL_SEGMENTS, "sar_total_segments"},
	{TLV_SAR_SEGMENT_SEQNUM, "sar_segment_seqnum"},
	{TLV_SC_INTERFACE_VERSION, "sc_interface_version"},
	{0x0302, "callback_num_pres_ind"},
	{0x0303, "callback_num_atag"},
	{0x0304, "number_of_messages"},
	{0x0381, "callback_num"},
	{0x0420, "dpf_result"},
	{0x0421, "set_dpf"},
	{0x0422, "ms_availability_status"},
	{TLV_NETWORK_ERROR_CODE, "network_error_code"},
	{TLV_MESSAGE_PAYLOAD, "message_payload"},
	{0x0425, "delivery_failure_reason"},
	{TLV_MORE_MESSAGES_TO_SEND, "more_messages_to_send"},
	{TLV_MESSAGE_STATE, "message_state"},
	{0x0501, "ussd_service_op"},
	{0x1201, "display_time"},
	{0x1203, "sms_signal"},
	{0x1204, "ms_validity"},
	{0x130C, "alert_on_message_delivery"},
	{0x1380, "its_reply_type"},
	{0x1383, "its_session_info"},
};

static const char *find(const struct name *v, size_t n, uint32_t number)
{
	for (size_t i = 0; i < n; i++)
		if (v[i].number == number)
			return v[i].word;
	return NULL;
}

const char *pdu_command_name(uint32_t command)
{
	const char *s = find(commands, sizeof commands / sizeof *commands, command);

	return s ? s : "unknown";
}

const char *pdu_tlv_name(uint16_t tag)
{
	const char *s = find(tlvs, sizeof tlvs / sizeof *tlvs, tag);

	return s ? s : tag >= 0x1400 && tag <= 0x3FFF ? "vendor" : "reserved";
}
